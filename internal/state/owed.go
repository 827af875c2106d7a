package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// A Debt is a handler that is owed: a task that notifies it has begun to change a host, and
// the handler has not succeeded since. It is written before the change, so that no end of a
// run, however sudden, loses it.
type Debt struct {
	File    string `json:"file"`           // the base name of the play's file: it is the same wherever the playbook lies
	Play    string `json:"play"`           // the play's name as it is written, else its pattern
	Role    string `json:"role,omitempty"` // the handler's
	Handler string `json:"handler,omitempty"`
	Topic   string `json:"topic,omitempty"` // what a handler without a name listens to

	Section  string    `json:"section"` // of the play, where the task stands: after it the handler is due
	TaskRole string    `json:"task_role,omitempty"`
	Task     string    `json:"task"`
	Nth      int       `json:"nth"` // of the tasks of that name that the host came to in the play, from 1
	Since    time.Time `json:"since"`
	Run      string    `json:"run"`
	User     string    `json:"user"`
	Host     string    `json:"controller"` // on which the run was
}

// Key names the debt: the same handler of the same play has the same one, whoever owes it.
func (d Debt) Key() string {
	key, _ := json.Marshal([]string{d.File, d.Play, d.Role, d.Handler, d.Topic}) // texts always have JSON
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}

// Name is what people call the handler.
func (d Debt) Name() string {
	name := d.Handler
	if name == "" {
		name = d.Topic
	}
	if d.Role != "" {
		name = d.Role + " : " + name
	}
	return name
}

// Owed keeps on the controller what hosts are owed on which kops has no root: a folder for
// each host, a file for each debt.
type Owed struct{ dir string }

// NewOwed returns the debts kept in a folder, which need not exist.
func NewOwed(dir string) *Owed { return &Owed{dir: dir} }

// folder is that of a host, whose name may hold any characters.
func (o *Owed) folder(host string) string {
	return filepath.Join(o.dir, "."+url.PathEscape(host))
}

// Of returns what a host is owed. What is no debt is an error, and hides none.
func (o *Owed) Of(host string) ([]Debt, error) {
	entries, err := os.ReadDir(o.folder(host))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which handlers are owed: %w", err)
	}
	var debts []Debt
	var failures []error
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" {
			continue
		}
		path := filepath.Join(o.folder(host), e.Name())
		var d Debt
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("read which handlers are owed: %s: %w", path, err))
			continue
		}
		debts = append(debts, d)
	}
	return debts, errors.Join(failures...)
}

// Put keeps debts of a host. They are on the disk when it returns.
func (o *Owed) Put(host string, debts ...Debt) error {
	dir := o.folder(host)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write which handlers are owed: %w", err)
	}
	for _, d := range debts {
		text, err := json.Marshal(d)
		if err == nil {
			err = replace(filepath.Join(dir, d.Key()+".json"), text)
		}
		if err != nil {
			return fmt.Errorf("write which handlers are owed: %w", err)
		}
	}
	for _, path := range []string{dir, o.dir, filepath.Dir(o.dir)} {
		if err := syncFolder(path); err != nil {
			return fmt.Errorf("write which handlers are owed: %w", err)
		}
	}
	return nil
}

// Remove forgets debts of a host, and the folders that are empty then.
func (o *Owed) Remove(host string, debts ...Debt) error {
	for _, d := range debts {
		if err := os.Remove(filepath.Join(o.folder(host), d.Key()+".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cross off a handler that was owed: %w", err)
		}
	}
	// A folder that is not empty stays.
	_ = os.Remove(o.folder(host))
	_ = os.Remove(o.dir)
	return nil
}

// replace writes a file by way of a temporary one beside it.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".kops-*~")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone where all went well
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
