package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// provisioned is what the provisioning files say. Data sources are read at the start and on request, dashboards every few
// seconds, as Grafana does.
type provisioned struct {
	folder string
	getenv func(string) string

	mu         sync.RWMutex
	sources    []dataSource
	dashboards []dashboard
	interval   time.Duration
}

// newProvisioned reads all files. A file that cannot be read as what it should be ends the start, as in Grafana; a
// dashboard that cannot is logged and left out.
func newProvisioned(folder string, getenv func(string) string) (*provisioned, error) {
	p := &provisioned{folder: folder, getenv: getenv}
	return p, errors.Join(p.reloadSources(), p.reloadDashboards())
}

// watch reads the dashboards again at the interval of the most eager provider.
func (p *provisioned) watch(ctx context.Context) {
	for {
		p.mu.RLock()
		interval := p.interval
		p.mu.RUnlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		if err := p.reloadDashboards(); err != nil {
			slog.Error("failed to read the dashboard providers", "logger", "provisioning.dashboard", "error", err)
		}
	}
}

func (p *provisioned) reloadSources() error {
	var all []dataSource
	err := p.eachFile("datasources", func(root *yaml.Node) error {
		var file struct {
			APIVersion  int          `yaml:"apiVersion"`
			DataSources []dataSource `yaml:"datasources"`
		}
		if err := root.Decode(&file); err != nil {
			return err
		}
		if file.APIVersion != 1 {
			return fmt.Errorf("apiVersion is %d, not 1", file.APIVersion)
		}
		for _, d := range file.DataSources {
			if err := d.complete(); err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("datasource provisioning error: %w", err)
	}
	defaults := 0
	for i := range all {
		all[i].ID = i + 1
		if all[i].IsDefault {
			defaults++
		}
	}
	if defaults > 1 {
		return errors.New("datasource provisioning error: datasource.yaml config is invalid. Only one datasource per organization can be marked as default")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources = all
	return nil
}

func (p *provisioned) reloadDashboards() error {
	var all []dashboard
	interval := 10 * time.Second
	err := p.eachFile("dashboards", func(root *yaml.Node) error {
		var file struct {
			APIVersion int        `yaml:"apiVersion"`
			Providers  []provider `yaml:"providers"`
		}
		if err := root.Decode(&file); err != nil {
			return err
		}
		if file.APIVersion != 1 {
			return fmt.Errorf("apiVersion is %d, not 1", file.APIVersion)
		}
		for _, provider := range file.Providers {
			if err := provider.check(); err != nil {
				return err
			}
			if s := provider.UpdateIntervalSeconds; s > 0 {
				interval = min(interval, time.Duration(s)*time.Second)
			}
			all = append(all, provider.load()...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("dashboard provisioning error: %w", err)
	}
	all = withoutDoubles(all)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dashboards, p.interval = all, interval
	return nil
}

// eachFile reads the YAML files of one kind, in the order of their names, with variables put in.
func (p *provisioned) eachFile(kind string, read func(*yaml.Node) error) error {
	folder := filepath.Join(p.folder, kind)
	list, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		slog.Warn("can't read provisioning files from directory", "logger", "provisioning", "path", folder)
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range list {
		if ext := filepath.Ext(f.Name()); ext != ".yaml" && ext != ".yml" {
			continue
		}
		path := filepath.Join(folder, f.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var root yaml.Node
		if err := yaml.Unmarshal(data, &root); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if root.IsZero() {
			continue // nothing but comments
		}
		if err := errors.Join(expandNode(&root, p.getenv), read(&root)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (p *provisioned) allSources() []dataSource {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.sources
}

func (p *provisioned) source(is func(dataSource) bool) (dataSource, bool) {
	all := p.allSources()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return dataSource{}, false
}

// search finds dashboards whose titles contain a text, in any case, sorted by title.
func (p *provisioned) search(query string) []dashboard {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var found []dashboard
	for _, d := range p.dashboards {
		if strings.Contains(strings.ToLower(d.title), strings.ToLower(query)) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b dashboard) int { return strings.Compare(a.title, b.title) })
	return found
}

func (p *provisioned) dashboard(uid string) (dashboard, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if i := slices.IndexFunc(p.dashboards, func(d dashboard) bool { return d.uid == uid }); i >= 0 {
		return p.dashboards[i], true
	}
	return dashboard{}, false
}
