package memory_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

// Whatever takes a net.Listener can be served without a port.
func ExampleListener() {
	l := memory.Listen("web")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.RemoteAddr)
	})}
	go server.Serve(l)
	defer server.Close()

	web := http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return l.Dial() },
	}}
	resp, err := web.Get("http://web/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: hello web#1
}
