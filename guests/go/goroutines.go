// goroutines DIR: goroutines, channels, sleeps, files, and a map's random order.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

func main() {
	dir := os.Args[1]
	results := make(chan string)
	var group sync.WaitGroup
	for i := 0; i < 10; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			time.Sleep(time.Duration(10-i) * time.Millisecond)
			name := filepath.Join(dir, fmt.Sprintf("file-%d", i))
			if err := os.WriteFile(name, []byte(strings.Repeat("x", i*1000)), 0o644); err != nil {
				panic(err)
			}
			results <- name
		}(i)
	}
	go func() { group.Wait(); close(results) }()
	var names []string
	for name := range results {
		names = append(names, filepath.Base(name))
	}
	sort.Strings(names)
	fmt.Println(names)
	for i := 0; i < 10; i += 3 {
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("file-%d", i)))
		fmt.Printf("%d %x %v\n", len(data), sha256.Sum256(data), err)
	}
	entries, err := os.ReadDir(dir)
	fmt.Println(len(entries), err)
	_, err = os.Stat(filepath.Join(dir, "none"))
	fmt.Println(os.IsNotExist(err))
	select {
	case <-time.After(5 * time.Millisecond):
		fmt.Println("timed out")
	}
	if len(os.Args) > 2 {
		// What differs from run to run: replay must tell the same.
		letters := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}
		for letter := range letters {
			fmt.Print(letter)
		}
		fmt.Println(time.Now().UnixNano())
	}
	os.Exit(len(os.Args))
}
