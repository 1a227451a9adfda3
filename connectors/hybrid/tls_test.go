package hybrid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/messages"
)

// certificate writes a certificate for 127.0.0.1 and its key, and returns the
// files and who trusts it.
func certificate(t *testing.T) (certFile, keyFile string, trust *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, b := range map[string][]byte{
		certFile: cert,
		keyFile:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, &tls.Config{RootCAs: roots}
}

func TestTLS(t *testing.T) {
	certFile, keyFile, trust := certificate(t)
	secure := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			_, _ = io.WriteString(w, "secure")
		}
	})
	l := listen(t, &hybrid.Connector{CertFile: certFile, KeyFile: keyFile, HTTP: secure})

	t.Run("stream", func(t *testing.T) {
		client, err := tls.Dial("tcp", l.Addr().String(), trust)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		write(t, client, heartbeat+data(3000))
		server := accept(t, l)
		wantFrames(t, server, heartbeat, data(3000))
		if err := server.Write(net.Buffers{[]byte(heartbeat), []byte(heartbeat)}); err != nil {
			t.Fatal(err)
		}
		server.Close(connectors.Reason{Cause: messages.CauseKicked})
		wantRest(t, client, heartbeat+heartbeat)
	})

	t.Run("WebSocket", func(t *testing.T) {
		d := websocket.Dialer{TLSClientConfig: trust}
		ws, _, err := d.Dial("wss://"+l.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		server := accept(t, l)
		if err := ws.WriteMessage(websocket.BinaryMessage, []byte(data(3000))); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, server, data(3000))
		if err := server.Write(net.Buffers{[]byte(heartbeat)}); err != nil {
			t.Fatal(err)
		}
		server.Close(connectors.Reason{Cause: messages.CauseStopping, Text: "bye"})
		if _, b, err := ws.ReadMessage(); err != nil || string(b) != heartbeat {
			t.Errorf("got %q, %v", b, err)
		}
		if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("ended with %v, want close 1001", err)
		}
	})

	t.Run("page", func(t *testing.T) {
		tr := &http.Transport{TLSClientConfig: trust}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr}).Get("https://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, _ := io.ReadAll(resp.Body); string(b) != "secure" {
			t.Errorf("body %q: the handler saw no TLS", b)
		}
	})

	t.Run("plain bytes are refused", func(t *testing.T) {
		c := dial(t, l, data(100))
		_, _ = io.Copy(io.Discard, c) // ends
	})
}
