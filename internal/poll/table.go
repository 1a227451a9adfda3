package poll

// slot is a Reader's place in a table.
type slot struct {
	reader  Reader // nil: free
	version uint32 // counts who have had it
	running bool   // a hand is at it
	again   bool   // something came meanwhile
}

// chunk is how many slots a table grows by: those there are stay where they are.
const chunk = 256

// table finds Readers by number and version, which is what an event says: one that comes late is nobody's.
type table struct {
	chunks []*[chunk]slot
	free   []int32
}

// at is a slot, or nil if another one, or nobody, has it by now.
func (t *table) at(index int32, version uint32) *slot {
	s := &t.chunks[index/chunk][index%chunk]
	if s.reader == nil || s.version != version {
		return nil
	}
	return s
}

// take finds a slot for r.
func (t *table) take(r Reader) (index int32, version uint32) {
	if len(t.free) == 0 {
		first := int32(len(t.chunks) * chunk)
		t.chunks = append(t.chunks, new([chunk]slot))
		for i := int32(chunk - 1); i >= 0; i-- {
			t.free = append(t.free, first+i)
		}
	}
	last := len(t.free) - 1
	index = t.free[last]
	t.free = t.free[:last]
	s := &t.chunks[index/chunk][index%chunk]
	s.reader = r
	return index, s.version
}

// leave frees a slot, if it has not been freed.
func (t *table) leave(index int32, version uint32) {
	if s := t.at(index, version); s != nil {
		*s = slot{version: version + 1}
		t.free = append(t.free, index)
	}
}
