package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A provider is a folder of dashboards, as a provisioning file names it.
type provider struct {
	Name                  string `yaml:"name"`
	Type                  string `yaml:"type"`
	Folder                string `yaml:"folder"`
	FolderUID             string `yaml:"folderUid"`
	UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
	AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
	Options               struct {
		Path                      string `yaml:"path"`
		FoldersFromFilesStructure bool   `yaml:"foldersFromFilesStructure"`
	} `yaml:"options"`
}

// A dashboard is one JSON file of a provider. Its model is kept as it is, with unresolved __inputs too.
type dashboard struct {
	uid, title string
	folder     string
	folderUID  string
	file       string // below the provider's path
	tags       []string
	model      map[string]any
	changed    time.Time
	mayEdit    bool
}

func (p provider) check() error {
	if p.Name == "" {
		return errors.New("a provider has no name")
	}
	if p.Type != "" && p.Type != "file" {
		return fmt.Errorf("provider %s: type %s is not supported", p.Name, p.Type)
	}
	if p.Options.Path == "" {
		return fmt.Errorf("provider %s: failed to load dashboards, path param is not a string", p.Name)
	}
	return nil
}

// load reads the provider's files. Those that are no dashboards are logged and left out.
func (p provider) load() []dashboard {
	var all []dashboard
	err := filepath.WalkDir(p.Options.Path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || filepath.Ext(path) != ".json" || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		board, err := p.read(path)
		if err != nil {
			slog.Error("failed to load dashboard from ", "logger", "provisioning.dashboard", "type", "file", "name", p.Name, "file", path, "error", err)
			return nil
		}
		all = append(all, board)
		return nil
	})
	if err != nil {
		slog.Error("Failed to read directory", "logger", "provisioning.dashboard", "path", p.Options.Path, "error", err)
	}
	return all
}

func (p provider) read(path string) (dashboard, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return dashboard{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return dashboard{}, err
	}
	board := dashboard{folder: p.Folder, folderUID: p.FolderUID, changed: info.ModTime(), mayEdit: p.AllowUIUpdates}
	if err := json.Unmarshal(data, &board.model); err != nil {
		return dashboard{}, err
	}
	if id, ok := board.model["id"].(float64); ok && id != 0 {
		return dashboard{}, errors.New("provisioned dashboard json files cannot have id")
	}
	board.title, _ = board.model["title"].(string)
	if strings.TrimSpace(board.title) == "" {
		return dashboard{}, errors.New("dashboard title cannot be empty")
	}
	if board.file, err = filepath.Rel(p.Options.Path, path); err != nil {
		return dashboard{}, err
	}
	if p.Options.FoldersFromFilesStructure {
		board.folder = strings.TrimPrefix(filepath.Dir(board.file), ".")
	}
	if board.folder != "" && board.folderUID == "" {
		board.folderUID = derivedUID(board.folder)
	}
	board.uid, _ = board.model["uid"].(string)
	if board.uid == "" {
		board.uid = derivedUID(path)
		board.model["uid"] = board.uid
	}
	board.tags = []string{}
	tags, _ := board.model["tags"].([]any)
	for _, tag := range tags {
		board.tags = append(board.tags, fmt.Sprint(tag))
	}
	return board, nil
}

// withoutDoubles keeps the first of dashboards that share a uid, and says so.
func withoutDoubles(all []dashboard) []dashboard {
	seen := map[string]string{}
	var kept []dashboard
	for _, d := range all {
		if first, ok := seen[d.uid]; ok {
			slog.Warn("the same UID is used more than once", "logger", "provisioning.dashboard", "uid", d.uid, "file", d.file, "first", first)
			continue
		}
		seen[d.uid] = d.file
		kept = append(kept, d)
	}
	return kept
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

func (d dashboard) slug() string {
	return strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(d.title), "-"), "-")
}
func (d dashboard) url() string { return "/d/" + d.uid + "/" + d.slug() }

// derivedUID makes a uid out of a name, in the way Grafana does for data sources.
func derivedUID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "P" + strings.ToUpper(hex.EncodeToString(sum[:8]))
}
