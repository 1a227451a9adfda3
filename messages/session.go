package messages

import "maps"

// WithUID is the session as it is once uid is bound to it. s stays as it is.
func (s *Session) WithUID(uid string) *Session {
	c := s.copy()
	c.Uid = uid
	return c
}

// WithSettings is the session as it is once settings are changed; an empty value removes
// one. s stays as it is.
func (s *Session) WithSettings(changes map[string][]byte) *Session {
	c := s.copy()
	c.Settings = maps.Clone(s.Settings)
	if c.Settings == nil {
		c.Settings = map[string][]byte{}
	}
	for k, v := range changes {
		if len(v) == 0 {
			delete(c.Settings, k)
		} else {
			c.Settings[k] = v
		}
	}
	return c
}

// WithTransport is the session as it is once its client has come over to another transport. s
// stays as it is.
func (s *Session) WithTransport(name string) *Session {
	c := s.copy()
	c.Transport = name
	return c
}

// copy shares the settings, which are never changed.
func (s *Session) copy() *Session {
	return &Session{
		Id: s.Id, Socket: s.Socket, Uid: s.Uid, Settings: s.Settings, Connector: s.Connector,
		Transport: s.Transport, RemoteAddr: s.RemoteAddr, ConnectedAt: s.ConnectedAt,
	}
}
