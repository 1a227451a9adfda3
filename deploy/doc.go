// Package deploy holds no code: its files are for Docker, Compose and Kubernetes, and its tests check them.
package deploy
