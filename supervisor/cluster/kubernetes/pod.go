package kubernetes

import (
	"net"
	"strconv"
	"strings"
)

// pod is what we want to know of one.
type pod struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Hostname  string `json:"hostname"`
		Subdomain string `json:"subdomain"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		PodIP string `json:"podIP"`
	} `json:"status"`
}

type metadata struct {
	Name            string `json:"name"`
	Namespace       string `json:"namespace"`
	ResourceVersion string `json:"resourceVersion"`
}

// address is where the node in a pod is reached; empty: nowhere yet, or not any more.
func (p pod) address(c Provider) string {
	if p.Status.PodIP == "" || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return ""
	}
	host := p.Status.PodIP
	if p.Spec.Hostname != "" && p.Spec.Subdomain != "" {
		host = strings.Join([]string{p.Spec.Hostname, p.Spec.Subdomain, p.Metadata.Namespace, "svc", c.Domain}, ".")
	}
	return net.JoinHostPort(host, strconv.Itoa(c.Port))
}
