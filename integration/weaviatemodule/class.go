package weaviatemodule

import (
	"context"
	"slices"
	"strings"

	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// refProperty holds an object's own key where a stock server is served by `perk serve`; it is no part of the text.
const refProperty = "docRef"

// classConfig is what a class's moduleConfig says about perk:
//
//	"moduleConfig": {"perk": {"properties": ["title", "content"], "model": "perk-nano", "auto": true}}
type classConfig struct {
	Properties []string // text properties that make up the text, in order
	Model      string   // name or id of the base model that the class wants; "": any
	Auto       bool     // adapters follow the objects by themselves
	Tenants    bool     // the class has tenants
}

// readClass reads a class. Without a config for perk nothing is encoded by itself. Properties that are not named are "content" where the class has it,
// else all text properties in the order of their names. Errors: EInvalid.
func readClass(class *models.Class) (classConfig, error) {
	c := classConfig{Tenants: class.MultiTenancyConfig != nil && class.MultiTenancyConfig.Enabled}
	var texts []string
	for _, p := range class.Properties {
		if len(p.DataType) == 1 && isText(p.DataType[0]) && p.Name != refProperty {
			texts = append(texts, p.Name)
		}
	}
	all, _ := class.ModuleConfig.(map[string]any)
	own, configured := all[Name].(map[string]any)
	c.Auto = configured
	err := c.read(own, texts)
	if err != nil {
		err = perk.E(perk.EInvalid, "class "+class.Class, err)
	}
	return c, err
}

// read takes what moduleConfig.perk says about a class with these text properties. Errors: EInvalid.
func (c *classConfig) read(own map[string]any, texts []string) error {
	for key, value := range own {
		ok := true
		switch key {
		case "properties":
			c.Properties, ok = stringList(value)
		case "model":
			c.Model, ok = value.(string)
		case "auto":
			c.Auto, ok = value.(bool)
		default:
			ok = false
		}
		if !ok {
			return perk.Errorf(perk.EInvalid, "moduleConfig.perk", "%q is %v", key, value).
				WithHint(`it may have "properties" (names of text properties), "model" (a name) and "auto" (true or false)`)
		}
	}
	for _, name := range c.Properties {
		if !slices.Contains(texts, name) {
			return perk.Errorf(perk.EInvalid, "moduleConfig.perk", "there is no text property %q", name).
				WithHint("its text properties: %s", strings.Join(texts, ", "))
		}
	}
	if len(c.Properties) == 0 {
		c.Properties = slices.Sorted(slices.Values(texts))
		if slices.Contains(texts, "content") {
			c.Properties = []string{"content"}
		}
	}
	return nil
}

// fits reports an EInvalid error where the class wants another model than the plugin's. Errors: EUnavailable, too.
func (c *classConfig) fits(ctx context.Context, module interface {
	Info(ctx context.Context) (plugin.Info, error)
}) error {
	if c.Model == "" {
		return nil
	}
	info, err := module.Info(ctx)
	if err != nil || c.Model == info.ModelName || c.Model == info.Model.String() {
		return err
	}
	return perk.Errorf(perk.EInvalid, "moduleConfig.perk", "the class wants the model %q, the plugin has %q", c.Model, info.ModelName).
		WithHint("start the server with PERK_MODEL of that model, or change the class")
}

func isText(dataType string) bool { return dataType == "text" || dataType == "string" }

// stringList reads a list of strings that is not empty, as JSON or a Go caller gives it.
func stringList(value any) ([]string, bool) {
	if names, ok := value.([]string); ok {
		return names, len(names) > 0
	}
	list, _ := value.([]any)
	var names []string
	for _, v := range list {
		name, ok := v.(string)
		if !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, len(names) > 0
}
