package mqtt_test

import (
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

func TestReasonsAreReturnCodesOfOlderVersions(t *testing.T) { // P20.1
	for reason, want := range map[mqtt.ReasonCode]mqtt.ReturnCode{
		mqtt.Success: mqtt.Accepted, mqtt.UnsupportedProtocolVersion: mqtt.RefusedVersion,
		mqtt.ClientIdentifierNotValid: mqtt.RefusedIdentifier, mqtt.ServerUnavailable: mqtt.RefusedUnavailable,
		mqtt.BadUserNameOrPassword: mqtt.RefusedBadCredentials, mqtt.NotAuthorized: mqtt.RefusedNotAuthorized,
		mqtt.Banned: mqtt.RefusedNotAuthorized, mqtt.BadAuthenticationMethod: mqtt.RefusedNotAuthorized,
		mqtt.ServerBusy: mqtt.RefusedUnavailable, mqtt.UnspecifiedError: mqtt.RefusedUnavailable,
	} {
		if got := reason.ReturnCode(); got != want {
			t.Errorf("%v is return code %d, want %d", reason, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		mqtt.V31.String(): "3.1", mqtt.V311.String(): "3.1.1", mqtt.V5.String(): "5.0", mqtt.Version(6).String(): "level 6",
		mqtt.TypeConnect.String(): "CONNECT", mqtt.TypeAuth.String(): "AUTH", mqtt.Type(0).String(): "type 0", mqtt.Type(16).String(): "type 16",
		mqtt.ProtocolError.String(): "0x82", mqtt.Success.String(): "0x00",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if mqtt.NoSubscriptionExisted.Failed() || !mqtt.UnspecifiedError.Failed() {
		t.Error("failures begin at 0x80")
	}
}
