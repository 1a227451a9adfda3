package udp_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/fairlead-go/fairlead/connectors/udp"
)

// inside says that the test runs in a network namespace of its own.
const inside = "FAIRLEAD_UDP_INSIDE"

// TestSpoofed sends datagrams from a million addresses that are not the sender's, on the loopback of a
// network namespace that is there for nothing else.
func TestSpoofed(t *testing.T) {
	if os.Getenv(inside) == "" {
		enclose(t)
		return
	}
	raiseLoopback(t)
	t.Run("cookies required", spoofRequired)
	t.Run("cookies offered", spoofOffered)
}

// enclose runs the test again, in the namespace.
func enclose(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestSpoofed$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("no network namespace to be had: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v", err)
	}
	t.Log(out.String())
}

func raiseLoopback(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	var request struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Skipf("the loopback of the namespace cannot be raised: %v", errno)
	}
}

// spoofer writes datagrams from any address.
type spoofer struct {
	t      *testing.T
	fd     int
	to     netip.AddrPort
	packet [2048]byte
	probe  *net.UDPConn // whose questions are answered in their turn
	unread int
}

func newSpoofer(t *testing.T, to net.Addr) *spoofer {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		t.Skipf("no raw socket: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	probe, err := net.DialUDP("udp", nil, to.(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { probe.Close() })
	return &spoofer{t: t, fd: fd, to: to.(*net.UDPAddr).AddrPort(), probe: probe}
}

const ipHead, udpHead = 20, 8

// send sends from an address. Now and then it waits until the server has seen all.
func (s *spoofer) send(from netip.AddrPort, b string) {
	n := ipHead + udpHead + len(b)
	p := s.packet[:n]
	clear(p[:ipHead+udpHead])
	p[0], p[8], p[9] = 0x45, 64, syscall.IPPROTO_UDP
	src, dst := from.Addr().As4(), s.to.Addr().As4()
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	binary.BigEndian.PutUint16(p[ipHead:], from.Port())
	binary.BigEndian.PutUint16(p[ipHead+2:], s.to.Port())
	binary.BigEndian.PutUint16(p[ipHead+4:], uint16(udpHead+len(b)))
	copy(p[ipHead+udpHead:], b)
	if err := syscall.Sendto(s.fd, p, 0, &syscall.SockaddrInet4{Addr: dst}); err != nil {
		s.t.Fatal(err)
	}
	if s.unread++; s.unread == 128 {
		s.settle()
	}
}

// settle waits until all that was sent has been dealt with.
func (s *spoofer) settle() {
	s.unread = 0
	var b [100]byte
	s.probe.Write([]byte(withCookie("", 80)))
	s.probe.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.probe.Read(b[:]); err != nil {
		s.t.Fatalf("the server does not answer any more: %v", err)
	}
}

// victim is an address in whose name is sent, and which sees what that brings it.
type victim struct {
	addr     netip.AddrPort
	conn     *net.UDPConn
	asked    int // bytes sent in its name
	answered int // bytes that came
}

func newVictims(t *testing.T, n int) (all []*victim) {
	t.Helper()
	for i := range n {
		v := &victim{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 200, byte(i >> 8), byte(i)}), 4000)}
		var err error
		if v.conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(v.addr)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.conn.Close() })
		all = append(all, v)
	}
	return all
}

// collect reads what has come.
func (v *victim) collect() {
	var b [1 << 16]byte
	for {
		v.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		n, err := v.conn.Read(b[:])
		if err != nil {
			return
		}
		v.answered += n
	}
}

// somebody is the ith of very many addresses.
func somebody(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(1 + i>>16&63), byte(i >> 8), byte(i)}), 5000)
}

// kept is the process's resident memory in bytes once what Go holds ready for more garbage has been
// returned to the system: a busy process has some of that, whatever comes, and an idle one none.
func kept(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	return resident(t)
}

// resident is the process's memory in bytes, as it is.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Rss:"); ok {
			kib := 0
			for _, c := range strings.TrimSuffix(strings.TrimSpace(rest), " kB") {
				kib = 10*kib + int(c-'0')
			}
			return kib << 10
		}
	}
	t.Fatal("no Rss")
	return 0
}

const million = 1_000_000

// many is how many datagrams are sent: fewer where each costs many times as much.
func many() int {
	if raceEnabled {
		return million / 100
	}
	return million
}

func spoofRequired(t *testing.T) {
	r := startOn(t, &udp.Connector{Addr: "127.0.0.1:0", RequireCookies: true})
	defer r.stop()
	s, victims := newSpoofer(t, r.listener.Addr()), newVictims(t, 16)
	said := []string{
		plainHello, withCookie("", 58), withCookie("", 80), withCookie("AAAAAAAAAAAAAAAAAAAAAA", 80), ack, heartbeat,
		farewell, ask(1, `{}`), "", "\xff\x00", plainHello[:20],
	}
	flood := func(n int) {
		for i := range n {
			b := said[i%len(said)]
			if i%100 == 0 { // 100 and 11 have no divisor in common: each says everything
				v := victims[i/100%len(victims)]
				v.asked += len(b)
				s.send(v.addr, b)
			} else {
				s.send(somebody(i), b)
			}
		}
		s.settle()
	}
	flood(many() / 5) // until the heap has its size
	busy, before, began := resident(t), kept(t), time.Now()
	flood(many())
	took, busier, grown := time.Since(began), resident(t)-busy, kept(t)-before
	t.Logf("%d spoofed datagrams in %v: resident memory grew by %d KiB, from %d; with what is ready for garbage by %d, from %d",
		many(), took.Round(time.Millisecond), grown>>10, before>>10, busier>>10, busy>>10)
	if grown > 1<<20 && !raceEnabled {
		t.Errorf("memory grew by %d bytes, want less than 1 MiB", grown)
	}
	if st := r.connector.Stats(); st.Open != 0 || st.Addresses != 0 || len(r.sessions) != 0 {
		t.Errorf("clients are in: %+v", st)
	}
	for _, v := range victims {
		if v.collect(); v.answered > v.asked || v.answered == 0 {
			t.Errorf("%v: %d bytes came for %d, want some, and no more", v.addr, v.answered, v.asked)
		}
	}
}

func spoofOffered(t *testing.T) {
	r := startOn(t, &udp.Connector{Addr: "127.0.0.1:0"})
	defer r.stop()
	s, victims := newSpoofer(t, r.listener.Addr()), newVictims(t, 16)
	for _, v := range victims { // these come in before there is no room
		for range 100 {
			s.send(v.addr, plainHello)
		}
	}
	most := 0
	flood := func(n int) {
		for i := range n {
			if i%100 == 0 {
				s.send(victims[i/100%len(victims)].addr, plainHello)
				most = max(most, r.connector.Stats().Open)
			} else {
				s.send(somebody(i), plainHello)
			}
		}
		s.settle()
	}
	began := time.Now()
	flood(20_000)
	first := time.Since(began)
	for _, v := range victims {
		v.collect()
		if v.answered == 0 || first < 4*time.Second && v.answered > 512 {
			t.Errorf("%v: %d bytes came within %v, want at most 512", v.addr, v.answered, first)
		}
	}
	before := kept(t)
	flood(many() / 2)
	took := time.Since(began)
	t.Logf("%d spoofed handshakes in %v: at most %d clients, memory grew by %d KiB, from %d, once they were there",
		many()/2, took.Round(time.Millisecond), most, (kept(t)-before)>>10, before>>10)
	if most > 4096 {
		t.Errorf("%d half-open clients, want at most 4096", most)
	}
	rounds := int(took/(5*time.Second)) + 1
	for _, v := range victims {
		if v.collect(); v.answered > 512*rounds {
			t.Errorf("%v: %d bytes came in %v, want at most 512 in 5 s", v.addr, v.answered, took)
		}
	}
}
