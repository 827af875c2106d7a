package main

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kversion"
)

// options are the original's flags that kops uses, checked.
type options struct {
	servers                    []string
	listen, path               string
	topicFilter, topicExclude  *regexp.Regexp
	groupFilter, groupExclude  *regexp.Regexp
	sasl                       bool
	user, password, mechanism  string
	tls, tlsInsecure           bool
	caFile, certFile, keyFile  string
	kafkaVersion               *kversion.Versions // nil: what the brokers speak
	level                      slog.Level
	version                    bool
	topicFilterText            string
	topicExcludeText           string
	groupFilterText            string
	groupExcludeText           string
	kafkaVersionText, logLevel string
}

func parseOptions(args []string, getenv func(string) string) (*options, error) {
	o := &options{}
	f := pflag.NewFlagSet("kafka_exporter", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringArrayVar(&o.servers, "kafka.server", []string{"kafka:9092"}, "address (host:port) of a Kafka server; repeatable")
	f.StringVar(&o.listen, "web.listen-address", ":9308", "address to listen on")
	f.StringVar(&o.path, "web.telemetry-path", "/metrics", "path of the metrics")
	f.StringVar(&o.topicFilterText, "topic.filter", ".*", "regex of the topics to report")
	f.StringVar(&o.topicExcludeText, "topic.exclude", "^$", "regex of the topics to leave out")
	f.StringVar(&o.groupFilterText, "group.filter", ".*", "regex of the consumer groups to report")
	f.StringVar(&o.groupExcludeText, "group.exclude", "^$", "regex of the consumer groups to leave out")
	f.BoolVar(&o.sasl, "sasl.enabled", false, "connect with SASL")
	f.StringVar(&o.user, "sasl.username", "", "SASL user name")
	f.StringVar(&o.password, "sasl.password", getenv("SASL_USER_PASSWORD"), "SASL password (default: SASL_USER_PASSWORD of the environment)")
	f.Lookup("sasl.password").DefValue = "" // help must not print the password
	f.StringVar(&o.mechanism, "sasl.mechanism", "plain", "plain, scram-sha256 or scram-sha512")
	f.BoolVar(&o.tls, "tls.enabled", false, "connect with TLS")
	f.StringVar(&o.caFile, "tls.ca-file", "", "certificate authorities of the brokers (default: the system's)")
	f.StringVar(&o.certFile, "tls.cert-file", "", "client certificate")
	f.StringVar(&o.keyFile, "tls.key-file", "", "client key")
	f.BoolVar(&o.tlsInsecure, "tls.insecure-skip-tls-verify", false, "do not check the brokers' certificates")
	f.StringVar(&o.kafkaVersionText, "kafka.version", "", "newest protocol version to speak (default: what the brokers speak)")
	f.StringVar(&o.logLevel, "log.level", "info", "debug, info, warn or error")
	f.BoolVar(&o.version, "version", false, "print the version")
	f.Usage = func() {
		fmt.Printf("%s\n\nusage: kafka_exporter [flags]\n\n%s", versionText, f.FlagUsages())
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected %s", f.Arg(0))
	}
	return o, o.check()
}

func (o *options) check() error {
	var errs []error
	for _, r := range []struct {
		flag, text string
		to         **regexp.Regexp
	}{
		{"topic.filter", o.topicFilterText, &o.topicFilter},
		{"topic.exclude", o.topicExcludeText, &o.topicExclude},
		{"group.filter", o.groupFilterText, &o.groupFilter},
		{"group.exclude", o.groupExcludeText, &o.groupExclude},
	} {
		compiled, err := regexp.Compile(r.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", r.flag, err))
		}
		*r.to = compiled
	}
	switch strings.ToLower(o.mechanism) {
	case "plain", "scram-sha256", "scram-sha512":
	default:
		errs = append(errs, fmt.Errorf("--sasl.mechanism: %q is none of plain, scram-sha256, scram-sha512", o.mechanism))
	}
	if o.sasl && o.user == "" {
		errs = append(errs, errors.New("--sasl.enabled needs --sasl.username"))
	}
	if (o.certFile == "") != (o.keyFile == "") {
		errs = append(errs, errors.New("--tls.cert-file and --tls.key-file belong together"))
	}
	if o.kafkaVersionText != "" {
		if o.kafkaVersion = kversion.FromString(o.kafkaVersionText); o.kafkaVersion == nil {
			// Patch releases do not change the protocol: 3.9.1 speaks as 3.9.
			parts := strings.Split(o.kafkaVersionText, ".")
			o.kafkaVersion = kversion.FromString(strings.Join(parts[:min(2, len(parts))], "."))
		}
		if o.kafkaVersion == nil {
			errs = append(errs, fmt.Errorf("--kafka.version: %q is no version of Kafka", o.kafkaVersionText))
		}
	}
	if err := o.level.UnmarshalText([]byte(o.logLevel)); err != nil {
		errs = append(errs, fmt.Errorf("--log.level: %q is none of debug, info, warn, error", o.logLevel))
	}
	return errors.Join(errs...)
}

func (o *options) wantsTopic(name string) bool {
	return o.topicFilter.MatchString(name) && !o.topicExclude.MatchString(name)
}

func (o *options) wantsGroup(name string) bool {
	return o.groupFilter.MatchString(name) && !o.groupExclude.MatchString(name)
}
