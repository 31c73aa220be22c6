// SPDX-License-Identifier: Apache-2.0

// Matches the bench's events with quamina: main FOLDER KIND COUNT
// Prints "ns-per-event build-ms matches-per-event". One goroutine.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"quamina.net/go/quamina/v2"
)

const (
	rounds  = 5
	roundNs = 200_000_000
)

func lines(path string) [][]byte {
	text, err := os.ReadFile(path)
	if err != nil {
		die(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	folder, kind := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		die(err)
	}
	events := lines(folder + "/events.ndjson")
	rules := lines(folder + "/" + kind + ".ndjson")[:count]
	q, err := quamina.New()
	if err != nil {
		die(err)
	}
	begin := time.Now()
	for i, rule := range rules {
		if err := q.AddPattern(i, string(rule)); err != nil {
			die(err)
		}
	}
	buildMs := float64(time.Since(begin).Nanoseconds()) / 1e6
	hits := 0
	match := func(event []byte) {
		found, err := q.MatchesForEvent(event)
		if err != nil {
			die(err)
		}
		hits += len(found)
	}
	for _, event := range events {
		match(event)
	}
	perEvent := float64(hits) / float64(len(events))
	best := 0.0
	for round := 0; round < rounds; round++ {
		done := 0
		start := time.Now()
		for time.Since(start).Nanoseconds() < roundNs {
			for _, event := range events {
				match(event)
			}
			done += len(events)
		}
		ns := float64(time.Since(start).Nanoseconds()) / float64(done)
		if best == 0 || ns < best {
			best = ns
		}
	}
	fmt.Printf("%.1f %.1f %.4f\n", best, buildMs, perEvent)
}
