package endpoint

import (
	"fmt"
	"net/http"
	"time"
)

// details are Ollama's description of a model's build.
type details struct {
	Format        string   `json:"format"`
	Family        string   `json:"family"`
	Families      []string `json:"families"`
	ParameterSize string   `json:"parameter_size"`
}

func (h *Handler) details() details {
	return details{Format: "safetensors", Family: "perk", Families: []string{"perk"}, ParameterSize: fmt.Sprintf("%.1fM", float64(h.o.Parameters)/1e6)}
}

func (h *Handler) tags(w http.ResponseWriter, _ *http.Request) {
	type model struct {
		Name       string    `json:"name"`
		Model      string    `json:"model"`
		ModifiedAt time.Time `json:"modified_at"`
		Size       int64     `json:"size"` // bytes
		Digest     string    `json:"digest"`
		Details    details   `json:"details"`
	}
	name := h.o.Model + ":latest"
	writeJSON(w, http.StatusOK, map[string][]model{"models": {{Name: name, Model: name, Size: 4 * h.o.Parameters, Digest: h.o.Digest, Details: h.details()}}})
}

func (h *Handler) show(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"details":      h.details(),
		"model_info":   map[string]any{"general.architecture": "perk", "general.parameter_count": h.o.Parameters},
		"capabilities": []string{"completion"},
	})
}

func (h *Handler) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": h.o.Version})
}
