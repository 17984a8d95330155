// Asks perk with OpenAI's official client: node openai.mjs HOST KEY QUESTION. Prints one line of JSON.
import OpenAI from 'openai'

const [host, key, question] = process.argv.slice(2)
const openai = new OpenAI({ baseURL: `${host}/v1`, apiKey: 'none', maxRetries: 0 })
const messages = [{ role: 'user', content: `[[perk:${key}]] ${question}` }]
const out = {}
out.models = (await openai.models.list()).data.map((m) => m.id)
out.model = (await openai.models.retrieve('perk')).owned_by
const whole = await openai.chat.completions.create({ model: 'perk', messages })
out.chat = whole.choices[0].message.content
out.finish = whole.choices[0].finish_reason
out.chatStream = ''
for await (const chunk of await openai.chat.completions.create({ model: 'perk', messages, stream: true, stream_options: { include_usage: true } })) {
  out.chatStream += chunk.choices[0]?.delta?.content ?? ''
  if (chunk.usage) out.tokens = chunk.usage.total_tokens
}
try {
  await openai.chat.completions.create({ model: 'perk', messages: [{ role: 'user', content: question }] })
} catch (e) {
  out.error = e.message
  out.code = e.code
}
console.log(JSON.stringify(out))
