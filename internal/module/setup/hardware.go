package setup

import (
	"strings"

	"kops/internal/value"
)

var processorFiles = []source{{section: "cpuinfo", paths: "/proc/cpuinfo"}}

const processorScript = `kops_section nproc
nproc || getconf _NPROCESSORS_ONLN`

var memoryFiles = []source{{section: "meminfo", paths: "/proc/meminfo"}}

var uptimeFiles = []source{{section: "uptime", paths: "/proc/uptime"}}

var dmiFiles = []source{{section: "dmi", paths: "/sys/devices/virtual/dmi/id/*_*", named: true}}

// readProcessor reads /proc/cpuinfo: sockets, cores and threads, and per processor its
// number, vendor and model, as Ansible lists them.
func readProcessor(in sections, facts *value.Map) {
	list := value.NewList()
	sockets := map[string]int64{} // physical id → cores
	var processors, cores, siblings int64
	physical := ""
	for _, line := range in.lines("cpuinfo") {
		key, text, ok := strings.Cut(line, ":")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		if !ok {
			continue
		}
		switch key {
		case "processor":
			processors++
			list.Append(text)
		case "vendor_id", "model name":
			list.Append(text)
		case "physical id":
			physical = text
			sockets[physical] = max(sockets[physical], 1)
		case "cpu cores":
			cores = number(text)
			if _, ok := sockets[physical]; ok {
				sockets[physical] = cores
			}
		case "siblings":
			siblings = number(text)
		}
	}
	count, perSocket, threads := processors, int64(1), int64(1)
	if len(sockets) > 0 {
		count, perSocket = int64(len(sockets)), max(cores, 1)
		threads = max(siblings/perSocket, 1)
	}
	facts.Merge(value.NewMap("processor", list, "processor_count", count, "processor_cores", perSocket, "processor_threads_per_core", threads,
		"processor_vcpus", count*perSocket*threads, "processor_nproc", max(number(in.one("nproc")), 1)))
}

// readMemory reads /proc/meminfo; all in MiB.
func readMemory(in sections, facts *value.Map) {
	mb := map[string]int64{}
	for _, line := range in.lines("meminfo") {
		if k, v, ok := strings.Cut(line, ":"); ok {
			mb[k] = number(strings.TrimSuffix(strings.TrimSpace(v), " kB")) / 1024
		}
	}
	total, free := mb["MemTotal"], mb["MemFree"]
	cached := mb["Cached"] + mb["Buffers"]
	facts.Merge(value.NewMap("memtotal_mb", total, "memfree_mb", free, "swaptotal_mb", mb["SwapTotal"], "swapfree_mb", mb["SwapFree"]))
	facts.Set("memory_mb", value.NewMap(
		"real", value.NewMap("total", total, "used", total-free, "free", free),
		"nocache", value.NewMap("free", free+cached, "used", total-free-cached),
		"swap", value.NewMap("total", mb["SwapTotal"], "free", mb["SwapFree"], "used", mb["SwapTotal"]-mb["SwapFree"], "cached", mb["SwapCached"])))
}

func readUptime(in sections, facts *value.Map) {
	seconds, _, _ := strings.Cut(in.one("uptime"), ".")
	facts.Set("uptime_seconds", number(seconds))
}

// formFactors are the names of chassis types.
var formFactors = []string{"Unknown", "Other", "Unknown", "Desktop", "Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower", "Portable", "Laptop",
	"Notebook", "Hand Held", "Docking Station", "All in One", "Sub Notebook", "Space-saving", "Lunch Box", "Main Server Chassis", "Expansion Chassis",
	"Sub Chassis", "Bus Expansion Chassis", "Peripheral Chassis", "RAID Chassis", "Rack Mount Chassis", "Sealed-case PC", "Multi-system",
	"CompactPCI", "AdvancedTCA", "Blade", "Blade Enclosure", "Tablet", "Convertible", "Detachable", "IoT Gateway", "Embedded PC", "Mini PC", "Stick PC"}

func readDMI(in sections, facts *value.Map) {
	const folder = "/sys/devices/virtual/dmi/id/"
	files := in.files("dmi")
	for _, f := range []struct{ fact, file string }{
		{"bios_date", "bios_date"}, {"bios_vendor", "bios_vendor"}, {"bios_version", "bios_version"},
		{"board_asset_tag", "board_asset_tag"}, {"board_name", "board_name"}, {"board_serial", "board_serial"}, {"board_vendor", "board_vendor"}, {"board_version", "board_version"},
		{"chassis_asset_tag", "chassis_asset_tag"}, {"chassis_serial", "chassis_serial"}, {"chassis_vendor", "chassis_vendor"}, {"chassis_version", "chassis_version"},
		{"form_factor", "chassis_type"}, {"product_name", "product_name"}, {"product_serial", "product_serial"},
		{"product_uuid", "product_uuid"}, {"product_version", "product_version"}, {"system_vendor", "sys_vendor"},
	} {
		text, ok := files[folder+f.file]
		switch {
		case !ok || text == "":
			text = "NA"
		case f.fact == "form_factor":
			if n := number(text); n > 0 && int(n) < len(formFactors) {
				text = formFactors[n]
			}
		}
		facts.Set(f.fact, text)
	}
}
