package kafkaapi

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"kops/internal/kafka"
	"kops/internal/remote"
	"kops/internal/value"
)

// Brokers are a cluster's brokers as a result tells them.
func Brokers(c kafka.Cluster) *value.List {
	var brokers []value.Value
	for _, b := range c.Brokers {
		m := value.NewMap("id", int64(b.ID), "address", b.Address, "rack", b.Rack, "answers", b.Err == nil, "refused", Refused(b.Err))
		if b.Err != nil {
			m.Set("error", b.Err.Error())
		}
		brokers = append(brokers, m)
	}
	return value.NewList(brokers...)
}

// Refused tells whether a connection failed since nobody listens at its address. That it was a host's
// sshd to which nobody listens says nothing of what runs there.
func Refused(err error) bool {
	var ssh *remote.ConnectError
	return errors.Is(err, syscall.ECONNREFUSED) && !errors.As(err, &ssh)
}

// Names are the partitions for which which holds, sorted.
func Names(partitions []kafka.Partition, which func(kafka.Partition) bool) *value.List {
	var found []string
	for _, p := range partitions {
		if which(p) {
			found = append(found, p.String())
		}
	}
	slices.Sort(found)
	return value.Strings(found)
}

// Topics counts the topics of partitions.
func Topics(partitions []kafka.Partition) int64 {
	topics := map[string]bool{}
	for _, p := range partitions {
		topics[p.Topic] = true
	}
	return int64(len(topics))
}

// IDs are numbers of brokers as a result tells them.
func IDs(ids []int32) *value.List {
	var all []value.Value
	for _, id := range ids {
		all = append(all, int64(id))
	}
	return value.NewList(all...)
}

// Object is a thing of a cluster's for the effects of a change: later tasks of a check run learn that
// they cannot know what the cluster will say of it.
func Object(kind, name string) *remote.Object {
	return &remote.Object{Kind: "kafka " + kind, Name: name}
}

// Foreseen is the error for what an earlier task of a check run would change; nil for nothing, as
// in a real run.
func Foreseen(h remote.Reader, kind, name string) error {
	f, ok := h.(remote.Foreseer)
	if !ok {
		return nil
	}
	if touched, gone := f.Object(*Object(kind, name)); touched || gone {
		return f.Unknown(fmt.Sprintf("%s %s, which an earlier task would change", kind, name))
	}
	return nil
}
