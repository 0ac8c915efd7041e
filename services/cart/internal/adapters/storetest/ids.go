package storetest

import (
	"crypto/rand"
	"strings"
)

// NewID is a new id for an owner or an event, 26 characters of a-z and 2-7.
func NewID() string { return strings.ToLower(rand.Text()) }
