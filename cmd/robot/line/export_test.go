package line

// Frame makes a frame of body, as a client sends it, behind what is in dst.
func Frame(dst []byte, opcode byte, body []byte) []byte {
	start := len(dst)
	dst = append(append(dst, noHead[:]...), body...)
	return frame(dst, start, opcode)
}

// Deframe is what a deframer makes of b in parts of n bytes: data, and the control frames.
func Deframe(b []byte, n int) (data []byte, controls []string) {
	var d deframer
	for len(b) > 0 {
		part := append([]byte{}, b[:min(n, len(b))]...)
		b = b[len(part):]
		for {
			var p piece
			if p, part = d.next(part); !p.ok {
				break
			}
			if p.opcode&opClose == 0 {
				data = append(data, p.data...)
			} else {
				controls = append(controls, string(append([]byte{p.opcode}, p.data...)))
			}
		}
	}
	return data, controls
}
