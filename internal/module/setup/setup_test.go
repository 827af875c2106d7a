package setup

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// answer is what the script of all collectors says on this machine, so that the script
// itself is held to a real shell.
func answer(_ *remotetest.Host, script string) (remote.Result, error) {
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/root", "TZ=UTC", "LINES=a\nb"}
	out, err := cmd.Output()
	return remote.Result{Stdout: out}, err
}

func TestSetup(t *testing.T) {
	args := moduletest.Args
	fixed := func(h *remotetest.Host) {
		recorded := remote.Result{}
		h.OnQuery = func(h *remotetest.Host, script string) (remote.Result, error) {
			var err error
			if recorded.Stdout == nil {
				recorded, err = answer(h, script)
			}
			return recorded, err
		}
	}
	keys := func(want string, not ...string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			facts := r.At("ansible_facts").(*value.Map)
			for w := range strings.FieldsSeq(want) {
				if v, ok := facts.Get("ansible_" + w); !ok || v == nil || v == "" {
					t.Errorf("%s is %v", w, v)
				}
			}
			for _, n := range not {
				if v, ok := facts.Get("ansible_" + n); ok {
					t.Errorf("%s is %v", n, v)
				}
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "all", Setup: fixed, Args: args(), Unchanged: true,
			Check: keys(`distribution distribution_version distribution_major_version distribution_release os_family pkg_mgr service_mgr
				architecture machine kernel system hostname fqdn nodename interfaces lo default_ipv4 all_ipv4_addresses memtotal_mb memfree_mb
				memory_mb swaptotal_mb processor processor_vcpus processor_count processor_cores mounts devices date_time env user_id user_uid
				user_gid user_dir user_shell uptime_seconds virtualization_type virtualization_role selinux dns cmdline is_chroot local lsb product_name`, "python", "python_version")},
		{Name: "min", Setup: fixed, Args: args("gather_subset", "!all"), Unchanged: true, Check: keys("distribution user_id env", "mounts", "interfaces", "memtotal_mb")},
		{Name: "network alone", Setup: fixed, Args: args("gather_subset", "!all,!min,network"), Unchanged: true, Check: keys("interfaces", "mounts", "distribution")},
		{Name: "all but hardware", Setup: fixed, Args: args("gather_subset", "!hardware"), Unchanged: true, Check: keys("interfaces distribution", "mounts", "processor")},
		{Name: "one", Setup: fixed, Args: args("gather_subset", "!all,mounts"), Unchanged: true, Check: keys("mounts distribution", "processor", "lo")},
		{Name: "filter", Setup: fixed, Args: args("filter", "ansible_mem*,distribution"), Unchanged: true, Check: keys("memtotal_mb distribution", "os_family")},
		{Name: "bad subset", Args: args("gather_subset", "hardwear"), Err: "gather_subset: \"hardwear\" is not one of all, min"},
		{Name: "facter", Args: args("gather_subset", "facter"), Err: "gather_subset: \"facter\""},
		{Name: "bad filter", Args: args("filter", "["), Err: "filter: \"[\" is not a glob"},
	})
}

func TestDistribution(t *testing.T) {
	for _, c := range []struct {
		name, release, other, managers string
		want                           string // distribution, version, major, release, family, package manager
	}{
		{"debian 12", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nVERSION=\"12 (bookworm)\"", "12.5", "apt-get", "Debian 12.5 12 bookworm Debian apt"},
		{"debian 13", "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie", "13.1", "apt-get dnf", "Debian 13.1 13 trixie Debian apt"},
		{"debian testing", "ID=debian\nVERSION_CODENAME=forky", "forky/sid", "apt-get", "Debian NA NA forky Debian apt"},
		{"ubuntu 22.04", "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION=\"22.04.4 LTS (Jammy Jellyfish)\"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian", "bookworm/sid", "apt-get", "Ubuntu 22.04 22 jammy Debian apt"},
		{"ubuntu 24.04", "ID=ubuntu\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble", "trixie/sid", "apt-get", "Ubuntu 24.04 24 noble Debian apt"},
		{"amazon 2", "NAME=\"Amazon Linux\"\nVERSION=\"2\"\nID=\"amzn\"\nID_LIKE=\"centos rhel fedora\"\nVERSION_ID=\"2\"", "Amazon Linux release 2 (Karoo)", "yum", "Amazon 2 2 NA RedHat yum"},
		{"amazon 2023", "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\"", "Amazon Linux release 2023.4 (Amazon Linux)", "dnf yum", "Amazon 2023 2023 NA RedHat dnf"},
		{"rocky 9", "NAME=\"Rocky Linux\"\nVERSION=\"9.3 (Blue Onyx)\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.3\"", "Rocky Linux release 9.3 (Blue Onyx)", "dnf yum", "Rocky 9.3 9 Blue Onyx RedHat dnf"},
		{"alma 9", "VERSION=\"9.3 (Shamrock Pampas Cat)\"\nID=\"almalinux\"\nVERSION_ID=\"9.3\"", "", "dnf yum", "AlmaLinux 9.3 9 Shamrock Pampas Cat RedHat dnf"},
		{"rhel 8", "VERSION=\"8.9 (Ootpa)\"\nID=\"rhel\"\nVERSION_ID=\"8.9\"", "", "dnf yum", "RedHat 8.9 8 Ootpa RedHat dnf"},
		{"centos 7", "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"", "CentOS Linux release 7.9.2009 (Core)", "yum", "CentOS 7.9 7 Core RedHat yum"},
		{"centos stream 9", "NAME=\"CentOS Stream\"\nVERSION=\"9\"\nID=\"centos\"\nVERSION_ID=\"9\"", "CentOS Stream release 9", "dnf yum", "CentOS 9 9 Stream RedHat dnf"},
		{"fedora 39", "NAME=\"Fedora Linux\"\nVERSION=\"39 (Container Image)\"\nID=fedora\nVERSION_ID=39\nVERSION_CODENAME=\"\"", "", "dnf yum", "Fedora 39 39 NA RedHat dnf"},
		{"fedora 41", "ID=fedora\nVERSION_ID=41", "", "dnf5 dnf", "Fedora 41 41 NA RedHat dnf5"},
		{"leap", "NAME=\"openSUSE Leap\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\nVERSION_ID=\"15.5\"", "", "zypper", "openSUSE Leap 15.5 15 NA Suse zypper"},
		{"alpine", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.1", "", "apk", "Alpine 3.19.1 3 NA Alpine apk"},
		{"arch", "NAME=\"Arch Linux\"\nID=arch", "", "pacman", "Archlinux rolling rolling NA Archlinux pacman"},
		{"a child of ubuntu", "NAME=\"Zorin\"\nID=zorin\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=17", "", "apt-get", "Zorin 17 17 NA Debian apt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := sections{"os-release": c.release, "debian_version": c.other, "system-release": c.other, "pkg_mgr": strings.ReplaceAll(c.managers, " ", "\n")}
			facts := value.NewMap()
			readDistribution(in, facts)
			readPkgMgr(in, facts)
			var got []string
			for _, k := range []string{"distribution", "distribution_version", "distribution_major_version", "distribution_release", "os_family", "pkg_mgr"} {
				got = append(got, facts.String(k))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

// TestRecorded reads recorded answers.
func TestRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		read func(sections, *value.Map)
		in   sections
		want string
	}{
		"network": {readNetwork, sections{
			"net": "/sys/class/net/eth0/address:02:00:00:00:00:05\n/sys/class/net/eth0/mtu:9001\n/sys/class/net/eth0/operstate:up\n/sys/class/net/eth0/type:1\n/sys/class/net/eth0/flags:0x1003",
			"ip": "2: eth0    inet 10.0.1.5/20 brd 10.0.15.255 scope global dynamic eth0\\       valid_lft 3000sec\n2: eth0    inet 10.0.1.6/32 scope global eth0\n" +
				"2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever\n8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.1.5 uid 0 \\    cache"},
			`{'interfaces': ['eth0'], 'eth0': {'device': 'eth0', 'macaddress': '02:00:00:00:00:05', 'mtu': 9001, 'active': True, 'type': 'ether', 'promisc': False, ` +
				`'ipv4': {'address': '10.0.1.5', 'broadcast': '10.0.15.255', 'netmask': '255.255.240.0', 'network': '10.0.0.0', 'prefix': '20'}, ` +
				`'ipv4_secondaries': [{'address': '10.0.1.6', 'broadcast': '', 'netmask': '255.255.255.255', 'network': '10.0.1.6', 'prefix': '32'}], ` +
				`'ipv6': [{'address': 'fe80::1', 'prefix': '64', 'scope': 'link'}]}, 'default_ipv4': {'interface': 'eth0', 'address': '10.0.1.5', 'gateway': '10.0.0.1', ` +
				`'broadcast': '10.0.15.255', 'netmask': '255.255.240.0', 'network': '10.0.0.0', 'prefix': '20', 'macaddress': '02:00:00:00:00:05', 'mtu': 9001, 'type': 'ether', 'alias': 'eth0'}, ` +
				`'default_ipv6': {}, 'all_ipv4_addresses': ['10.0.1.5', '10.0.1.6'], 'all_ipv6_addresses': ['fe80::1']}`},
		"memory": {readMemory, sections{"meminfo": "MemTotal:        8048576 kB\nMemFree:         1048576 kB\nBuffers:          102400 kB\nCached:          2097152 kB\nSwapCached:            0 kB\nSwapTotal:       1048572 kB\nSwapFree:        1048572 kB"},
			`{'memtotal_mb': 7859, 'memfree_mb': 1024, 'swaptotal_mb': 1023, 'swapfree_mb': 1023, 'memory_mb': {'real': {'total': 7859, 'used': 6835, 'free': 1024}, ` +
				`'nocache': {'free': 3172, 'used': 4687}, 'swap': {'total': 1023, 'free': 1023, 'used': 0, 'cached': 0}}}`},
		"processor": {readProcessor, sections{"cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: 0\nsiblings\t: 2\ncpu cores\t: 1\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: 0\nsiblings\t: 2\ncpu cores\t: 1", "nproc": "2"},
			`{'processor': ['0', 'GenuineIntel', 'Xeon', '1', 'GenuineIntel', 'Xeon'], 'processor_count': 1, 'processor_cores': 1, 'processor_threads_per_core': 2, 'processor_vcpus': 2, 'processor_nproc': 2}`},
		"mounts": {readMounts, sections{"mounts": "proc /proc proc rw 0 0\n/dev/nvme0n1p1 / xfs rw,noatime 0 0\nnas:/data /my\\040data nfs4 rw 0 0", "sizes": "4096 100 40 50 20 /\n512 10 5 0 0 /my data", "uuids": "/dev/nvme0n1p1 abc-1"},
			`{'mounts': [{'mount': '/', 'device': '/dev/nvme0n1p1', 'fstype': 'xfs', 'options': 'rw,noatime', 'dump': 0, 'passno': 0, 'size_total': 409600, 'size_available': 163840, 'block_size': 4096, ` +
				`'block_total': 100, 'block_available': 40, 'block_used': 60, 'inode_total': 50, 'inode_available': 20, 'inode_used': 30, 'uuid': 'abc-1'}, ` +
				`{'mount': '/my data', 'device': 'nas:/data', 'fstype': 'nfs4', 'options': 'rw', 'dump': 0, 'passno': 0, 'size_total': 5120, 'size_available': 2560, 'block_size': 512, ` +
				`'block_total': 10, 'block_available': 5, 'block_used': 5, 'inode_total': 0, 'inode_available': 0, 'inode_used': 0, 'uuid': 'N/A'}]}`},
		"devices": {readDevices, sections{"block": "/sys/block/sda/size:41943040\n/sys/block/sda/removable:0\n/sys/block/sda/queue/rotational:1\n/sys/block/sda/queue/logical_block_size:512\n/sys/block/sda/queue/scheduler:none [mq-deadline]\n/sys/block/sda/device/vendor:ATA\n/sys/block/sda/sda1/start:2048\n/sys/block/sda/sda1/size:2097152", "holders": "/sys/block/sda/holders/dm-0:holder"},
			`{'devices': {'sda': {'vendor': 'ATA', 'model': None, 'serial': None, 'removable': '0', 'rotational': '1', 'sectors': 41943040, 'sectorsize': '512', 'size': '20.00 GB', 'virtual': 0, 'scheduler_mode': 'mq-deadline', ` +
				`'holders': ['dm-0'], 'partitions': {'sda1': {'start': '2048', 'sectors': 2097152, 'sectorsize': 512, 'size': '1.00 GB'}}}}}`},
		"local": {readLocal, sections{"local /f/a.fact": `{"rack": 1}`, "local /f/b.fact": "[kafka]\nRole = broker", "local /f/c.fact": "junk", "local /f/d.fact": "", "status /f/d.fact": "3", "status /f/a.fact": "0"},
			`{'local': {'a': {'rack': 1}, 'b': {'kafka': {'role': 'broker'}}, 'c': 'error loading facts as JSON or ini - please check content: /f/c.fact', 'd': 'Failure executing fact script (/f/d.fact), rc: 3'}}`},
		"dns": {readDNS, sections{"dns": "# made by x\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nsearch a.b c.d\noptions ndots:2 rotate"},
			`{'dns': {'nameservers': ['10.0.0.2', '10.0.0.3'], 'search': ['a.b', 'c.d'], 'options': {'ndots': '2', 'rotate': True}}}`},
		"env":         {readEnv, sections{"env": "A=1\nB=x\ny z\nC="}, `{'env': {'A': '1', 'B': 'x\ny z', 'C': ''}}`},
		"selinux":     {readSELinux, sections{"selinux-mode": "1", "selinux-policy": "33", "selinux-config": "SELINUX=enforcing\nSELINUXTYPE=targeted"}, `{'selinux': {'status': 'enabled', 'mode': 'enforcing', 'policyvers': 33, 'config_mode': 'enforcing', 'type': 'targeted'}}`},
		"cmdline":     {readCmdline, sections{"cmdline": "root=/dev/sda1 ro console=tty0 console=ttyS0"}, `{'cmdline': {'root': '/dev/sda1', 'ro': True, 'console': 'ttyS0'}, 'proc_cmdline': {'root': '/dev/sda1', 'ro': True, 'console': ['tty0', 'ttyS0']}}`},
		"nspawn":      {readVirtual, sections{"container": "systemd-nspawn\n", "detect-virt": "systemd-nspawn"}, `{'virtualization_type': 'container', 'virtualization_role': 'guest'}`},
		"ec2":         {readVirtual, sections{"detect-virt": "amazon"}, `{'virtualization_type': 'kvm', 'virtualization_role': 'guest'}`},
		"bare metal":  {readVirtual, sections{"detect-virt": "none", "kvm": "kvm"}, `{'virtualization_type': 'kvm', 'virtualization_role': 'host'}`},
		"old systemd": {readServiceMgr, sections{"init": "systemd", "service_mgr": "has-systemd\nhas-initd"}, `{'service_mgr': 'systemd'}`},
		"platform":    {readPlatform, sections{"platform": "Linux kafka1.example.com 6.1.0 #1 SMP x86_64", "fqdn": "kafka1.example.com", "userspace": "64"}, `{'system': 'Linux', 'nodename': 'kafka1.example.com', 'hostname': 'kafka1', 'fqdn': 'kafka1.example.com', 'domain': 'example.com', 'kernel': '6.1.0', 'kernel_version': '#1 SMP', 'machine': 'x86_64', 'architecture': 'x86_64', 'userspace_bits': '64', 'userspace_architecture': 'x86_64'}`},
		"lsb":         {readLSB, sections{"lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\""}, `{'lsb': {'id': 'Ubuntu', 'release': '22.04', 'description': 'Ubuntu 22.04.4 LTS', 'codename': 'jammy', 'major_release': '22'}}`},
		"user":        {readUser, sections{"status": "Name:\tgrep\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000", "user": "ops:x:1000:1000:Ops,,,:/home/ops:/bin/bash"}, `{'user_id': 'ops', 'user_uid': 1000, 'user_gid': 1000, 'user_gecos': 'Ops,,,', 'user_dir': '/home/ops', 'user_shell': '/bin/bash', 'real_user_id': 1000, 'effective_user_id': 1000, 'real_group_id': 1000, 'effective_group_id': 1000}`},
		"set-uid":     {readUser, sections{"status": "Uid:\t1000\t0\t0\t0\nGid:\t1000\t1000\t1000\t1000", "passwd": "root:x:0:0:root:/root:/bin/sh"}, `{'user_id': 'root', 'user_uid': 0, 'user_gid': 1000, 'user_gecos': 'root', 'user_dir': '/root', 'user_shell': '/bin/sh', 'real_user_id': 1000, 'effective_user_id': 0, 'real_group_id': 1000, 'effective_group_id': 1000}`},
		"no route":    {readNetwork, sections{}, `{'interfaces': [], 'default_ipv4': {}, 'default_ipv6': {}, 'all_ipv4_addresses': [], 'all_ipv6_addresses': []}`},
		"date":        {readDate, sections{"date": "2026|01|Friday|5|00|02|13|04|05|1767355445|CET|+0100|123456789", "dst": "CEST"}, `{'date_time': {'year': '2026', 'month': '01', 'weekday': 'Friday', 'weekday_number': '5', 'weeknumber': '00', 'day': '02', 'hour': '13', 'minute': '04', 'second': '05', 'epoch': '1767355445', 'epoch_int': '1767355445', 'date': '2026-01-02', 'time': '13:04:05', 'iso8601_micro': '2026-01-02T12:04:05.123456Z', 'iso8601': '2026-01-02T12:04:05Z', 'iso8601_basic': '20260102T130405123456', 'iso8601_basic_short': '20260102T130405', 'tz': 'CET', 'tz_dst': 'CEST', 'tz_offset': '+0100'}}`},
	} {
		t.Run(name, func(t *testing.T) {
			facts := value.NewMap()
			c.read(c.in, facts)
			if got := value.Str(facts); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// BenchmarkFacts makes facts of what this machine answers.
func BenchmarkFacts(b *testing.B) {
	s := New().New().(*Spec)
	wanted, err := selectCollectors(s.Subset)
	if err != nil {
		b.Fatal(err)
	}
	res, err := answer(nil, s.script(wanted))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		in := split(string(res.Stdout))
		in.distribute(wanted)
		s.facts(in, wanted)
	}
}
