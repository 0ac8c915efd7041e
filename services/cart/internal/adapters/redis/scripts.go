package redis

import (
	_ "embed" // for the scripts below

	goredis "github.com/redis/go-redis/v9"
)

//go:embed scripts/prelude.lua
var prelude string

//go:embed scripts/answers.lua
var answers string

//go:embed scripts/put.lua
var putSource string

//go:embed scripts/remove.lua
var removeSource string

//go:embed scripts/clear.lua
var clearSource string

//go:embed scripts/merge.lua
var mergeSource string

//go:embed scripts/settle.lua
var settleSource string

// Each script runs as one step of the server. go-redis sends its hash, and its text when the server has lost it.
type scripts struct {
	put, remove, clear, merge, settle *goredis.Script
}

func loadScripts() scripts {
	answering := func(source string) *goredis.Script { return goredis.NewScript(prelude + answers + source) }
	return scripts{
		put: answering(putSource), remove: answering(removeSource), clear: answering(clearSource),
		merge: answering(mergeSource), settle: goredis.NewScript(prelude + settleSource),
	}
}
