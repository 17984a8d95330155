// Asks perk with Ollama's official client: node ollama.mjs HOST KEY QUESTION. Prints one line of JSON.
import { Ollama } from 'ollama'

const [host, key, question] = process.argv.slice(2)
const ollama = new Ollama({ host })
const prompt = `[[perk:${key}]] ${question}`
const out = {}
out.models = (await ollama.list()).models.map((m) => m.name)
out.family = (await ollama.show({ model: 'perk' })).details.family
out.generate = (await ollama.generate({ model: 'perk', prompt })).response
out.generateStream = ''
for await (const part of await ollama.generate({ model: 'perk', prompt, stream: true, options: { min_confidence: 0 } })) out.generateStream += part.response
out.chat = (await ollama.chat({ model: 'perk', messages: [{ role: 'user', content: prompt }] })).message.content
out.chatStream = ''
for await (const part of await ollama.chat({ model: 'perk', messages: [{ role: 'user', content: prompt }], stream: true })) out.chatStream += part.message.content
try {
  await ollama.generate({ model: 'perk', prompt: question })
} catch (e) {
  out.error = e.message
}
console.log(JSON.stringify(out))
