//go:build !unix

package port_test

// asServer is for systems that limit file descriptors.
const asServer = "FAIRLEAD_PORT_TEST_SERVER"

func server() {}
