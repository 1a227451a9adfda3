package udp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"
)

const (
	cookieBytes = 16
	// cookieTime is how long cookies are handed out before the next ones are; they are good for as
	// long again.
	cookieTime = 30 * time.Second
)

// cookies are handed out and taken back without keeping them: a cookie is a keyed hash of an address,
// a port and a time (P19.4). Only the reader uses them.
type cookies struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func newCookies() (*cookies, error) {
	var key [sha256.Size]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	return &cookies{mac: hmac.New(sha256.New, key[:])}, nil
}

// of is the cookie of a peer at a time, as text.
func (c *cookies) of(peer netip.AddrPort, now time.Time) string {
	return base64.RawURLEncoding.EncodeToString(c.hash(peer, bucket(now)))
}

// good tells whether a text is the peer's cookie.
func (c *cookies) good(text string, peer netip.AddrPort, now time.Time) bool {
	var given [cookieBytes + 2]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(cookieBytes) {
		return false
	}
	n, err := base64.RawURLEncoding.Decode(given[:], []byte(text))
	if err != nil || n != cookieBytes {
		return false
	}
	b := bucket(now)
	return hmac.Equal(given[:n], c.hash(peer, b)) || hmac.Equal(given[:n], c.hash(peer, b-1))
}

// hash is valid until the next call.
func (c *cookies) hash(peer netip.AddrPort, bucket int64) []byte {
	var b [16 + 2 + 8]byte
	ip := peer.Addr().As16()
	copy(b[:], ip[:])
	binary.BigEndian.PutUint16(b[16:], peer.Port())
	binary.BigEndian.PutUint64(b[18:], uint64(bucket))
	c.mac.Reset()
	c.mac.Write(b[:])
	return c.mac.Sum(c.sum[:0])[:cookieBytes]
}

func bucket(now time.Time) int64 { return now.UnixNano() / int64(cookieTime) }
