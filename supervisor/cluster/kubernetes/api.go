package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Bounds of what the API server may take and say.
const (
	answerTime = 10 * time.Second
	watchTime  = 5 * time.Minute // what it is asked for; it may choose another time
	maxList    = 64 << 20
)

// Kinds of changes.
const (
	deleted  = "DELETED"
	bookmark = "BOOKMARK" // only a version: nothing has happened until then
	failed   = "ERROR"
)

// errGone says that changes since the version we know are not kept any more.
var errGone = errors.New("kubernetes: the version is too old")

// api is the API server, for the pods of one selector.
type api struct {
	http  *http.Client
	url   string
	query url.Values
	token string // the file's name
}

// dial reads the certificates that the API server is known by. Connections come with the first request.
func dial(p Provider) (*api, error) {
	ca, err := os.ReadFile(filepath.Join(p.Folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", filepath.Join(p.Folder, "ca.crt"))
	}
	return &api{
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: answerTime,
			DialContext:         (&net.Dialer{Timeout: answerTime}).DialContext,
			// A watch may have nothing to say for minutes: so it is noticed that nobody is there.
			HTTP2: &http.HTTP2Config{SendPingTimeout: answerTime, PingTimeout: answerTime},
		}},
		url:   p.Server + "/api/v1/namespaces/" + url.PathEscape(p.Namespace) + "/pods",
		query: url.Values{"labelSelector": {p.Selector}},
		token: filepath.Join(p.Folder, "token"),
	}, nil
}

func (a *api) close() { a.http.CloseIdleConnections() }

// get asks for something, with the token of now. The caller closes what comes.
func (a *api) get(ctx context.Context, more url.Values) (io.ReadCloser, error) {
	token, err := os.ReadFile(a.token)
	if err != nil {
		return nil, err
	}
	for key, values := range a.query {
		more[key] = values
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"?"+more.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	answer, err := a.http.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var s status
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&s) // the code says enough
	s.Code = answer.StatusCode
	return nil, s.err()
}

// list returns all pods, and the version at which they were like that.
func (a *api) list(ctx context.Context) (pods []pod, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	// Version 0 would be cheaper for the API server, and may be older than what we were told before.
	body, err := a.get(ctx, url.Values{})
	if err != nil {
		return nil, "", fmt.Errorf("list pods: %w", err)
	}
	defer body.Close()
	var all struct {
		Metadata metadata `json:"metadata"`
		Items    []pod    `json:"items"`
	}
	if err := json.NewDecoder(io.LimitReader(body, maxList)).Decode(&all); err != nil {
		return nil, "", fmt.Errorf("list pods: %w", err)
	}
	return all.Items, all.Metadata.ResourceVersion, nil
}

// watch tells of changes behind a version until the API server ends it, and returns the last version. That it ends
// is no error, in the middle of a change neither: whatever was not told, the next one tells.
func (a *api) watch(ctx context.Context, version string, changed func(kind string, p pod)) (last string, err error) {
	// The server ends it in time, unless it is not there any more.
	ctx, cancel := context.WithTimeout(ctx, watchTime+answerTime)
	defer cancel()
	body, err := a.get(ctx, url.Values{
		"watch":               {"true"},
		"allowWatchBookmarks": {"true"},
		"resourceVersion":     {version},
		"timeoutSeconds":      {strconv.Itoa(int(watchTime / time.Second))},
	})
	if err != nil {
		return version, fmt.Errorf("watch pods: %w", err)
	}
	defer body.Close()
	events := json.NewDecoder(body)
	for {
		var e struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if err := events.Decode(&e); err != nil {
			return version, nil
		}
		if e.Type == failed {
			var s status
			if err := json.Unmarshal(e.Object, &s); err != nil {
				return version, fmt.Errorf("watch pods: %w", err)
			}
			return version, fmt.Errorf("watch pods: %w", s.err())
		}
		var p pod
		if err := json.Unmarshal(e.Object, &p); err != nil {
			return version, fmt.Errorf("watch pods: %w", err)
		}
		version = p.Metadata.ResourceVersion
		if e.Type != bookmark {
			changed(e.Type, p)
		}
	}
}

// status is how the API server says no.
type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (s status) err() error {
	if s.Code == http.StatusGone {
		return errGone
	}
	return fmt.Errorf("%d %s: %s", s.Code, http.StatusText(s.Code), s.Message)
}
