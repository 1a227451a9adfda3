package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// said is the part of the robot's JSON that is looked at here.
type said struct {
	Median   map[string]float64 `json:"median"`
	Failures []failure          `json:"failures"`
}

type failure struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

func read(file string) (*said, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &said{}
	return s, json.Unmarshal(b, s)
}

// trouble is what was not as it should be.
func (s *said) trouble() (list []string) {
	for _, f := range s.Failures {
		list = append(list, fmt.Sprintf("%d× %s", f.Count, f.Text))
	}
	if d, ok := s.Median["delivered"]; ok && d != 1 {
		list = append(list, fmt.Sprintf("%.4g %% delivered", 100*d))
	}
	return list
}
