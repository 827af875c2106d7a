package posix

import (
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"time"

	"kops/internal/remote"
)

// statFields is how many fields stand before the name in stat's answer: mode (hex), uid,
// gid, size, inode, device, links, times of access, modification and change, owner, group.
const statFields = 12

// afterFields returns what stands after n fields that each end with one space.
func afterFields(s string, n int) string {
	for range n {
		_, s, _ = strings.Cut(s, " ")
	}
	return s
}

// parseStat reads stat's fields.
func parseStat(f *remote.File, text string) error {
	fields := strings.SplitN(text, " ", statFields+1)
	if len(fields) != statFields+1 {
		return fmt.Errorf("stat answered %q", text)
	}
	mode, err := strconv.ParseUint(fields[0], 16, 32)
	if err != nil {
		return fmt.Errorf("stat answered %q: %w", text, err)
	}
	var n [6]uint64
	for i := range n {
		if n[i], err = strconv.ParseUint(fields[i+1], 10, 64); err != nil {
			return fmt.Errorf("stat answered %q: %w", text, err)
		}
	}
	var times [3]time.Time
	for i := range times {
		if times[i], err = parseTime(fields[7+i]); err != nil {
			return fmt.Errorf("stat answered %q: %w", text, err)
		}
	}
	f.Exists = true
	f.Type, f.Mode = fileType(uint32(mode)), fs.FileMode(mode&0o7777)
	f.UID, f.GID, f.Size = int(n[0]), int(n[1]), int64(n[2])
	f.Inode, f.Device, f.Links = n[3], n[4], n[5]
	f.AccTime, f.ModTime, f.ChgTime = times[0], times[1], times[2]
	f.Owner, f.Group = nameOr(fields[10], fields[1]), nameOr(fields[11], fields[2])
	return nil
}

// nameOr returns the name, or the number where stat knows no name.
func nameOr(name, number string) string {
	if name == "UNKNOWN" || name == "" {
		return number
	}
	return name
}

// parseTime reads seconds since 1970, with or without a fraction.
func parseTime(s string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	var nsec int64
	if fraction != "" {
		if nsec, err = strconv.ParseInt((fraction + "000000000")[:9], 10, 64); err != nil {
			return time.Time{}, err
		}
	}
	return time.Unix(sec, nsec), nil
}

// fileType translates the type bits of st_mode.
func fileType(mode uint32) fs.FileMode {
	switch mode & 0o170000 {
	case 0o040000:
		return fs.ModeDir
	case 0o120000:
		return fs.ModeSymlink
	case 0o140000:
		return fs.ModeSocket
	case 0o010000:
		return fs.ModeNamedPipe
	case 0o020000:
		return fs.ModeDevice | fs.ModeCharDevice
	case 0o060000:
		return fs.ModeDevice
	}
	return 0
}

// folderNames reads names that each end with a slash.
func folderNames(text string) []string {
	names := []string{}
	for name := range strings.SplitSeq(text, "/") {
		if name != "" && name != "." && name != ".." {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
