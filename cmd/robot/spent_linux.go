package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc: USER_HZ is 100 for every program.
const clockTick = 10 * time.Millisecond

// spentBy sums up the process and all its descendants.
func spentBy(pid int) (sum spent, err error) {
	if _, err := os.Stat(procFile(pid, "stat")); err != nil {
		return spent{}, fmt.Errorf("no such process")
	}
	all := processes()
	sum.add(all, pid)
	return sum, nil
}

func (s *spent) add(all map[int]process, pid int) {
	s.cpu += all[pid].cpu
	s.memory += resident(pid)
	for child, p := range all {
		if p.parent == pid {
			s.add(all, child)
		}
	}
}

type process struct {
	parent int
	cpu    time.Duration
}

// processes are all there are. What ends meanwhile is left out.
func processes() map[int]process {
	all := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // fails only for a bad pattern
	for _, name := range files {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if p, ok := readStat(name); ok {
			all[pid] = p
		}
	}
	return all
}

// readStat reads what stands in /proc/<pid>/stat behind the name of the program,
// which may hold anything.
func readStat(name string) (process, bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return process{}, false
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return process{}, false
	}
	const parent, user, system = 1, 11, 12
	var p process
	p.parent, _ = strconv.Atoi(fields[parent])
	for _, i := range []int{user, system} {
		ticks, _ := strconv.ParseInt(fields[i], 10, 64)
		p.cpu += time.Duration(ticks) * clockTick
	}
	return p, true
}

// resident is the memory that the process has, in bytes.
func resident(pid int) int64 {
	b, _ := os.ReadFile(procFile(pid, "statm"))
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func procFile(pid int, name string) string {
	return "/proc/" + strconv.Itoa(pid) + "/" + name
}
