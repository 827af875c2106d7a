package main

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	sessionCookie = "grafana_session"
	sessionAge    = 24 * time.Hour
)

// sessions are the logins of people with a browser. They end with the process.
type sessions struct {
	mu   sync.Mutex
	ends map[string]time.Time // by token
}

func newSessions() *sessions { return &sessions{ends: map[string]time.Time{}} }

func (s *sessions) start() string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[token] = time.Now().Add(sessionAge)
	return token
}

func (s *sessions) valid(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.ends[token])
}

func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, token)
}

// authenticated lets through who has the administrator's password or a session. Others get Grafana's 401, or the login
// page where a person asks.
func (a *api) authenticated(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if login, password, ok := r.BasicAuth(); ok {
			if !a.account.check(login, password) {
				unauthorized(w, "Invalid username or password", "password-auth.failed")
				return
			}
			next(w, r)
			return
		}
		if cookie, err := r.Cookie(sessionCookie); err == nil && a.sessions.valid(cookie.Value) {
			next(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/api/") {
			unauthorized(w, "Unauthorized", "auth.unauthorized")
			return
		}
		http.Redirect(w, r, "/login", http.StatusFound)
	}
}

func unauthorized(w http.ResponseWriter, text, id string) {
	respond(w, http.StatusUnauthorized, map[string]any{"extra": nil, "message": text, "messageId": id, "statusCode": http.StatusUnauthorized, "traceID": ""})
}

// login starts a session. Grafana's page sends JSON; the stand-in's own is a plain form.
func (a *api) login(w http.ResponseWriter, r *http.Request) {
	var body struct{ User, Password string }
	form := !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
	if form {
		body.User, body.Password = r.PostFormValue("user"), r.PostFormValue("password")
	} else if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		message(w, http.StatusBadRequest, "bad login data")
		return
	}
	if !a.account.check(body.User, body.Password) {
		if form {
			http.Redirect(w, r, "/login?failed=1", http.StatusSeeOther)
			return
		}
		unauthorized(w, "Invalid username or password", "password-auth.failed")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: a.sessions.start(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(sessionAge.Seconds()),
	})
	if form {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	respond(w, http.StatusOK, map[string]any{"message": "Logged in", "redirectUrl": "/"})
}

func (a *api) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		a.sessions.end(cookie.Value)
	}
	http.Redirect(w, r, "/login", http.StatusFound)
}
