package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"
)

const stepLimit = 10 * time.Second

// A RabbitMQ takes six seconds to stop and start; this program looks for it meanwhile.
const restartLimit = 120 * time.Second

// step is one part of the story; its body fails by way of the teller.
type step struct {
	name string
	tell func(t *teller)
}

// teller tells one step to the runner: one line a happening on standard output.
type teller struct {
	url  string
	step string
}

// failure is what a step panics with to end itself; anything else that panics is told as well.
type failure struct{ words string }

// inability ends a step whose client has no such thing.
type inability struct{ words string }

var whitespace = regexp.MustCompile(`\s*[\r\n]+\s*`)

func say(words ...string) {
	fmt.Println(whitespace.ReplaceAllString(strings.Join(words, " "), " "))
}

func (t *teller) saw(what interface{}) {
	if err, ok := what.(error); ok {
		what = fmt.Sprintf("%T: %v", err, err)
	}
	say("saw", t.step, fmt.Sprint(what))
}

func (t *teller) fail(format string, args ...interface{}) {
	panic(failure{fmt.Sprintf(format, args...)})
}

func (t *teller) noError(err error) {
	if err != nil {
		t.fail("%v", err)
	}
}

func (t *teller) equal(got, want interface{}) {
	if !reflect.DeepEqual(got, want) {
		t.fail("got %#v, not %#v", got, want)
	}
}

func (t *teller) holds(condition bool, words string) {
	if !condition {
		t.fail("not so: %s", words)
	}
}

func (t *teller) matches(pattern, text string) {
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.fail("%q does not match %s", text, pattern)
	}
}

// brokerRestarted asks for a new broker and returns once it listens.
func (t *teller) brokerRestarted() {
	say("restart")
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	t.noError(err)
}

// run tells one step to its end, or until its time is over.
func (s step) run(url string) {
	limit := stepLimit
	if s.name == "restart" {
		limit = restartLimit
	}
	outcome := make(chan []string, 1)
	go func() {
		defer func() {
			switch problem := recover().(type) {
			case nil:
				outcome <- []string{"ok", s.name}
			case failure:
				outcome <- []string{"failed", s.name, problem.words}
			case inability:
				outcome <- []string{"cannot", s.name, problem.words}
			default:
				outcome <- []string{"failed", s.name, fmt.Sprint(problem)}
			}
		}()
		s.tell(&teller{url: url, step: s.name})
	}()
	select {
	case words := <-outcome:
		say(words...)
	case <-time.After(limit):
		say("failed", s.name, fmt.Sprintf("no end after %v", limit))
	}
}
