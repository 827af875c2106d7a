package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// An account is the administrator, the only user. It is written down at the first start; from then on the file counts,
// and the environment's password does not: as in Grafana's database.
type account struct {
	mu    sync.RWMutex
	file  string
	saved savedAccount
}

type savedAccount struct {
	Login string `json:"login"`
	Salt  []byte `json:"salt"`
	Hash  []byte `json:"hash"`
}

// Errors of a password change.
var (
	errOldPassword   = errors.New("invalid old password")
	errShortPassword = errors.New("new password is too short")
)

func openAccount(dataDir, login, password string) (*account, error) {
	a := &account{file: filepath.Join(dataDir, "grafana-standin.json")}
	data, err := os.ReadFile(a.file)
	if errors.Is(err, fs.ErrNotExist) {
		a.saved.Login = login
		if err := a.set(password); err != nil {
			return nil, fmt.Errorf("GF_PATHS_DATA='%s' is not writable (a mounted folder must be uid 472's): %w", dataDir, err)
		}
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &a.saved); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", a.file, err)
	}
	return a, nil
}

// login is the administrator's name.
func (a *account) login() string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.saved.Login
}

// check says whether the name (or its local mail address) and password are the administrator's.
func (a *account) check(login, password string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	hash, err := hashPassword(password, a.saved.Salt)
	known := login == a.saved.Login || login == a.saved.Login+"@localhost"
	return err == nil && known && subtle.ConstantTimeCompare(hash, a.saved.Hash) == 1
}

// change replaces the password, for who knows the old one.
func (a *account) change(oldPassword, newPassword string) error {
	if !a.check(a.login(), oldPassword) {
		return errOldPassword
	}
	if len(newPassword) < 4 {
		return errShortPassword
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.set(newPassword)
}

// set writes the account atomically.
func (a *account) set(password string) error {
	saved := savedAccount{Login: a.saved.Login, Salt: make([]byte, 16)}
	// crypto/rand never fails: it ends the program instead.
	_, _ = rand.Read(saved.Salt)
	var err error
	if saved.Hash, err = hashPassword(password, saved.Salt); err != nil {
		return err
	}
	data, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.file+".new", data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(a.file+".new", a.file); err != nil {
		return err
	}
	a.saved = saved
	return nil
}

func hashPassword(password string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, salt, 10000, 50)
}
