package logs

import (
	"bufio"
	"encoding/json"
	"hash/fnv"
	"io"
	"path"
	"strings"
	"time"
)

// A Printer is a sink that writes entries: each line with its host in front, or each entry as a line of JSON.
type Printer struct {
	out   *bufio.Writer
	opts  PrintOptions
	width int // of the longest name
	enc   *json.Encoder
}

// PrintOptions say how entries are written.
type PrintOptions struct {
	JSON  bool
	Color bool
	Files bool                // name the file too
	Mask  func(string) string // hides secrets
}

// NewPrinter returns a printer of the entries of some sources.
func NewPrinter(out io.Writer, sources []*Source, opts PrintOptions) *Printer {
	p := &Printer{out: bufio.NewWriterSize(out, 64<<10), opts: opts}
	p.enc = json.NewEncoder(p.out)
	p.enc.SetEscapeHTML(false)
	for _, s := range sources {
		p.width = max(p.width, len(p.name(s)))
	}
	return p
}

func (p *Printer) name(s *Source) string {
	if p.opts.Files {
		return s.Host + " " + path.Base(s.Path)
	}
	return s.Host
}

// Entry writes an entry.
func (p *Printer) Entry(e Entry) error {
	text := p.opts.Mask(strings.ToValidUTF8(e.Text, "\uFFFD"))
	if p.opts.JSON {
		return p.json(e, text)
	}
	name := p.name(e.Source)
	name += strings.Repeat(" ", p.width-len(name))
	hostColor, textColor, end := "", "", ""
	if p.opts.Color {
		hostColor, textColor, end = colorOf(e.Source.Host), levelColors[e.Level], "\x1b[0m"
	}
	for line := range strings.SplitSeq(text, "\n") {
		p.out.WriteString(hostColor + name + end + " ")
		if textColor != "" {
			line = textColor + line + end
		}
		p.out.WriteString(line)
		if err := p.out.WriteByte('\n'); err != nil { // it is kept for all writes
			return err
		}
	}
	return nil
}

func (p *Printer) json(e Entry, text string) error {
	line := struct {
		Host  string     `json:"host"`
		File  string     `json:"file"`
		Time  *time.Time `json:"time,omitempty"`
		Level string     `json:"level,omitempty"`
		Text  string     `json:"text"`
	}{Host: e.Source.Host, File: e.Source.Path, Level: e.Level, Text: text}
	if !e.Time.IsZero() {
		t := e.Time.UTC()
		line.Time = &t
	}
	return p.enc.Encode(line)
}

// Flush writes what is held.
func (p *Printer) Flush() error { return p.out.Flush() }

// levelColors are those of a terminal.
var levelColors = map[string]string{"WARN": "\x1b[33m", "ERROR": "\x1b[31m", "FATAL": "\x1b[31m"}

// colorOf is the same for a host each time.
func colorOf(host string) string {
	colors := []string{"\x1b[36m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[96m", "\x1b[92m", "\x1b[95m", "\x1b[94m"}
	h := fnv.New32a()
	_, _ = h.Write([]byte(host)) // never fails
	return colors[h.Sum32()%uint32(len(colors))]
}
