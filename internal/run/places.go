package run

import (
	"kops/internal/plan"
	"kops/internal/run/action"
)

// places tells actions where in the inventory something stands.
type places struct{ *plan.Plan }

// Settings implements action.Inventory.
func (p places) Settings(host, name string) []action.Setting {
	var settings []action.Setting
	for _, s := range p.Plan.Settings(host, name) {
		settings = append(settings, action.Setting(s))
	}
	return settings
}
