//go:build !linux

package port

import (
	"net"
	"time"
)

func setUserTimeout(*net.TCPConn, time.Duration) {}
