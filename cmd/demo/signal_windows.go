package main

import "os"

// terminate ends a process: there is no way to ask it.
var terminate = os.Kill
