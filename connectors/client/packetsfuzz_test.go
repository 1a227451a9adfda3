package client_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// FuzzEngine has a socket.io server say anything, a packet a line. Whatever it is, the client ends
// when the server hangs up, and with it all who wait.
func FuzzEngine(f *testing.F) {
	for _, s := range []string{
		opened + "\n40{\"sid\":\"x\"}",
		opened + "\n40\n2\n42[\"message\",\"{\\\"id\\\":1,\\\"body\\\":{\\\"code\\\":500}}\"]\n2",
		opened + "\n40\n42[\"message\",\"[{\\\"route\\\":\\\"r\\\",\\\"body\\\":[]},{\\\"route\\\":\\\"onKick\\\",\\\"reason\\\":{}}]\"]",
		opened + "\n40\n42[\"message\",\"[null,{},7]\"]\n42/n,[]\n41",
		opened + "\n40\n451-[\"message\",{\"_placeholder\":true,\"num\":0}]\nbAQID",
		opened + "\n44{\"message\":\"x\",\"data\":{\"code\":1}}", opened + "\n44\"x\"",
		"0{\"pingInterval\":1e300,\"pingTimeout\":-1}\n40\n2", "0{\"pingInterval\":1,\"pingTimeout\":1}\n40",
		"0", "1", "2\n3\n5\n6", "4", "b", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, says string) {
		if len(says) > 1<<16 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			c, err := dialEngine(t, client.Config{Push: func(string, []byte) {}}, func(e *engine) {
				e.send(strings.Split(says, "\n")...)
			})
			if err != nil {
				if c != nil {
					t.Errorf("a client and %v", err)
				}
				return
			}
			speak(t, c)
		})
	})
}
