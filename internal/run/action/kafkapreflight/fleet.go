package kafkapreflight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"kops/internal/diag"
	"kops/internal/run/action"
	"kops/internal/value"
)

// A verdict is what a rule says.
type verdict string

// The verdicts.
const (
	ok     verdict = "ok"
	advice verdict = "advice"
	fault  verdict = "fault"
)

// A kind is a part that hosts play.
type kind string

// The kinds, which are the inventory's groups too.
const (
	zookeeper kind = "zookeeper"
	kafka     kind = "kafka"
)

// A finding is what a rule found; without a measured it has nothing to say.
type finding struct {
	verdict               verdict
	measured, recommended string
}

// A row is a finding about a host, or about a group.
type row struct {
	finding
	host, rule string
	hosts      []string // those that it concerns
}

// text is the row as a sentence.
func (r row) text() string {
	return fmt.Sprintf("%s: %s: %s (wanted: %s)", r.host, r.rule, r.measured, r.recommended)
}

// A fleet is all hosts, and what the action was told about them.
type fleet struct {
	*Spec
	hosts     []*host
	inventory action.Inventory
}

// A host is what a host is meant to be, what it is held to, and what was measured of it.
type host struct {
	Name         string   `json:"name"`
	Rack         string   `json:"rack"`
	Swappiness   int64    `json:"swappiness"`
	Java         javaWish `json:"java"`
	Filesystems  []string `json:"filesystems"`
	MountOptions []string `json:"mount_options"`
	Ports        []port   `json:"ports"`
	Names        []string `json:"names"`
	Kafka        *member  `json:"kafka"`
	ZooKeeper    *member  `json:"zookeeper"`

	measured *measured // nil where it could not be measured
}

type javaWish struct {
	Least   int64 `json:"least"`
	Wanted  int64 `json:"wanted"`
	Install bool  `json:"install"`
}

type port struct {
	Port   int64    `json:"port"`
	Owners []string `json:"owners"` // units or processes that may listen there; a name ends in .service or not
}

// A member is a broker or a ZooKeeper server.
type member struct {
	ID          int64    `json:"id"`
	CPUs        int64    `json:"cpus"`
	MemoryGB    int64    `json:"memory_gb"`
	Heap        string   `json:"heap"`
	HeapPercent int64    `json:"heap_percent"`
	HeapLeastMB int64    `json:"heap_least_mb"`
	Paths       []string `json:"paths"`
	DiskGB      int64    `json:"disk_gb"`
	Disks       int64    `json:"disks"`
	SSD         bool     `json:"ssd"`
	NetworkMbit int64    `json:"network_mbit"`
	Unit        string   `json:"unit"`
	Managed     bool     `json:"managed"`
	OpenFiles   int64    `json:"open_files"`
}

func (h *host) member(k kind) *member {
	if k == kafka {
		return h.Kafka
	}
	return h.ZooKeeper
}

// zone is the rack or zone that the host stands in: the inventory's word, else EC2's.
func (h *host) zone() string {
	if h.Rack == "" {
		return h.ec2Zone()
	}
	return h.Rack
}

// ec2Zone is the zone that EC2 tells, "" elsewhere.
func (h *host) ec2Zone() string {
	if h.measured == nil || h.measured.EC2 == nil {
		return ""
	}
	return h.measured.EC2.Zone
}

// measured is the result of kafka_preflight_facts.
type measured struct {
	CPUs       int64     `json:"cpus"`
	MemoryMB   int64     `json:"memory_mb"`
	Swappiness int64     `json:"swappiness"`
	Swap       bool      `json:"swap"`
	Machine    string    `json:"machine"`
	Network    network   `json:"network"`
	Clock      *clock    `json:"clock"`
	Paths      []path    `json:"paths"`
	Units      units     `json:"units"`
	Ports      listeners `json:"ports"`
	Names      addresses `json:"names"`
	Java       java      `json:"java"`
	EC2        *ec2      `json:"ec2"`
	Changed    bool      `json:"changed"` // the runner's, as is Failed
	Failed     bool      `json:"failed"`
}

type (
	network struct {
		Interface string `json:"interface"`
		Speed     int64  `json:"speed"`
	}
	clock struct {
		Offset float64 `json:"offset"`
		Doubt  float64 `json:"doubt"`
	}
	path struct {
		Path    string   `json:"path"`
		Mount   string   `json:"mount"`
		Device  string   `json:"device"`
		Fstype  string   `json:"fstype"`
		Options []string `json:"options"`
		SizeGB  int64    `json:"size_gb"`
		Disks   []disk   `json:"disks"`
	}
	disk struct {
		Name       string `json:"name"`
		Rotational bool   `json:"rotational"`
	}
	unit struct {
		There     bool  `json:"there"`
		Running   bool  `json:"running"`
		OpenFiles int64 `json:"open_files"`
		HeapMB    int64 `json:"heap_mb"`
	}
	listener struct {
		Process string `json:"process"`
		PID     int64  `json:"pid"`
		Unit    string `json:"unit"`
	}
	java struct {
		Version string `json:"version"`
		Major   int64  `json:"major"`
	}
	ec2 struct {
		Zone string `json:"zone"`
		Type string `json:"instance_type"`
	}
	units     map[string]unit
	listeners map[string]listener
	addresses map[string][]string
)

// read fills a struct from a mapping. Its error names the key.
func read(m *value.Map, into any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: wants %s, not %s", wrong.Field, wrong.Type, wrong.Value)
	}
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// at is a place in brackets, "" where none is known.
func at(places ...value.Position) string {
	var texts []string
	for _, p := range places {
		if t := diag.FormatPos(p); t != "" {
			texts = append(texts, t)
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return " (" + strings.Join(texts, ", ") + ")"
}

// setAt is the place that decides a variable of a host.
func (f *fleet) setAt(h *host, variable string) value.Position {
	if f.inventory == nil {
		return value.Position{}
	}
	settings := f.inventory.Settings(h.Name, variable)
	if len(settings) == 0 {
		return value.Position{}
	}
	return settings[len(settings)-1].Pos
}

// ofMember is the place that decides a variable that all members share.
func (f *fleet) ofMember(k kind, variable string) value.Position {
	for _, h := range f.members(k) {
		return f.setAt(h, variable)
	}
	return value.Position{}
}

// groupAt is the place of a group.
func (f *fleet) groupAt(name kind) value.Position {
	if f.inventory == nil {
		return value.Position{}
	}
	return f.inventory.GroupPos(string(name))
}
