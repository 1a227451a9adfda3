package pomelo

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// A signed body is a JSON object with a member signatureName: the hex digits of an
// RSA signature, PKCS#1 v1.5, over the text of the object without it (P14.2).
const signatureName = "__crypto__"

var errUnsigned = errors.New("pomelo: body not signed by the client's key")

// Keys up to maxKeyBits are taken, and exponents up to maxExponentBits: a client
// chooses its own key, and how long each of its messages keeps us busy.
const (
	maxKeyBits      = 4096
	maxExponentBits = 32
)

// publicKey verifies what a client signs. Clients make keys of 1024 bits, half of
// them with a modulus of 1023, which crypto/rsa refuses (P14.1); so the public
// operation is done here. It handles no secret.
type publicKey struct {
	n, e *big.Int
}

// parseKey reads sys.rsa; nil if it holds no key that could verify anything. Such
// a client comes in and is not heard (P14.4).
func parseKey(rsa json.RawMessage) *publicKey {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(rsa, &members)
	var digits string
	var exponent json.Number
	if json.Unmarshal(members["rsa_n"], &digits) != nil || json.Unmarshal(members["rsa_e"], &exponent) != nil {
		return nil
	}
	if len(digits) > maxKeyBits/4 || len(exponent) > len("4294967295") {
		return nil
	}
	k := &publicKey{n: number(digits, 16), e: number(exponent.String(), 10)}
	if k.n.BitLen() < 2 || k.n.Bit(0) == 0 || k.e.BitLen() < 2 || k.e.BitLen() > maxExponentBits {
		return nil
	}
	return k
}

// number reads an unsigned number; zero if it is none.
func number(digits string, base int) *big.Int {
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || n.Sign() < 0 || strings.ContainsAny(digits, "+_") {
		return new(big.Int)
	}
	return n
}

// open is body without its signature if that is right.
func (k *publicKey) open(body []byte) ([]byte, error) {
	if k == nil {
		return nil, errUnsigned
	}
	text, signature, ok := cutSignature(body)
	if !ok || !k.verify(text, signature) {
		return nil, errUnsigned
	}
	return text, nil
}

// verify tells whether signature, in hex, is that of text. Characters that are no
// digits are skipped, but as many digits must be there as the key has (P14.2).
func (k *publicKey) verify(text, signature []byte) bool {
	digits := make([]byte, 0, len(signature))
	for _, c := range signature {
		if _, ok := hexDigit(c); ok {
			digits = append(digits, c)
		}
	}
	if len(digits) != (k.n.BitLen()+3)/4 {
		return false
	}
	s := number(string(digits), 16)
	if s.Cmp(k.n) >= 0 {
		return false
	}
	padded := make([]byte, (k.n.BitLen()+7)/8)
	s.Exp(s, k.e, k.n).FillBytes(padded)
	want := expected(padded, text)
	return want != nil && subtle.ConstantTimeCompare(padded, want) == 1
}

// digest is a way to hash, with what a signature calls it by.
type digest struct {
	prefix string // of the DER that wraps the hash
	size   int
	sum    func(text []byte) []byte
}

// digests are those that clients know (P14.2).
var digests = [...]digest{
	{"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", sha256.Size, func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }},
	{"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", sha1.Size, func(b []byte) []byte { h := sha1.Sum(b); return h[:] }},
	{"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40", sha512.Size, func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }},
	{"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10", md5.Size, func(b []byte) []byte { h := md5.Sum(b); return h[:] }},
}

// expected is what padded must be for text, by the digest that padded names; nil
// if it names none.
func expected(padded, text []byte) []byte {
	for _, d := range digests {
		at := len(padded) - d.size - len(d.prefix)
		if at < 11 || string(padded[at:at+len(d.prefix)]) != d.prefix {
			continue
		}
		want := bytes.Repeat([]byte{0xff}, at)
		want[0], want[1], want[at-1] = 0, 1, 0
		return append(append(want, d.prefix...), d.sum(text)...)
	}
	return nil
}

// cutSignature takes the signature out of body. The rest stays as it was written:
// that is what was signed (P14.3). Body is to be an object with one signature.
func cutSignature(body []byte) (text, signature []byte, ok bool) {
	s := scanner{text: body}
	if !s.eat('{') {
		return nil, nil, false
	}
	for first := true; ; first = false {
		s.peek()
		start := s.i // at the comma, if there is one
		more, err := s.more('}', first)
		if err != nil || !more {
			return text, signature, err == nil && text != nil && s.end()
		}
		raw, _, err := s.name()
		if err != nil {
			return nil, nil, false
		}
		if string(raw) != signatureName {
			if s.skip(maxDepth) != nil {
				return nil, nil, false
			}
			continue
		}
		value, _, err := s.quoted()
		if err != nil || text != nil {
			return nil, nil, false
		}
		signature = appendUnquoted(nil, value)
		end := s.i
		if first && s.eat(',') {
			end = s.i
			s.i-- // for more
		}
		text = append(bytes.Clone(body[:start]), body[end:]...)
	}
}
