package kafkaapi

import (
	"strings"
	"testing"

	"kops/internal/kafka"
)

// What no broker has listed yet is secret by its name.
func TestSecretsAreNotShown(t *testing.T) {
	const value = "canary"
	tests := map[string]bool{ // whether it is secret
		"ssl.key.password":                                    true,
		"ssl.keystore.password":                               true,
		"ssl.truststore.password":                             true,
		"ssl.keystore.key":                                    true,
		"ssl.keystore.certificate.chain":                      true,
		"ssl.truststore.certificates":                         true,
		"sasl.jaas.config":                                    true,
		"password.encoder.secret":                             true,
		"password.encoder.old.secret":                         true,
		"delegation.token.secret.key":                         true,
		"delegation.token.master.key":                         true,
		"zookeeper.ssl.keystore.password":                     true,
		"sasl.oauthbearer.client.credentials.client.secret":   true,
		"sasl.oauthbearer.assertion.private.key.passphrase":   true,
		"listener.name.internal.ssl.keystore.password":        true,
		"listener.name.x.scram-sha-512.sasl.jaas.config":      true,
		"LISTENER.NAME.X.SSL.KEY.PASSWORD":                    true,
		"my.plugin.api.key":                                   true,
		"ssl.keystore.location":                               false,
		"ssl.keystore.type":                                   false,
		"password.encoder.iterations":                         false,
		"delegation.token.expiry.time.ms":                     false,
		"sasl.oauthbearer.token.endpoint.url":                 false,
		"log.cleaner.threads":                                 false,
		"sasl.oauthbearer.sub.claim.name":                     false,
		"listener.name.internal.ssl.client.auth":              false,
		"listener.name.internal.max.connection.creation.rate": false,
	}
	for name, secret := range tests {
		after := After(nil, []kafka.Edit{{Name: name, Value: value}})
		shown := Text(after, "") + Dict(after).String(name)
		if strings.Contains(shown, value) == secret {
			t.Errorf("%s: %q is shown, secret %v", name, shown, secret)
		}
	}
}

// A name alone makes no setting one that cannot be compared.
func TestSecretNamesAreCompared(t *testing.T) {
	have := []kafka.Setting{{Name: "my.token", Value: "a", Own: true}}
	if got := Needed(have, []kafka.Edit{{Name: "my.token", Value: "a"}}); len(got) > 0 {
		t.Errorf("needed %v", got)
	}
}
