// Gets URLs, one after the other, and prints what comes.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"

	_ "timecraft/wasinet"
)

func main() {
	for _, url := range os.Args[1:] {
		response, err := http.Get(url)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if _, err := io.Copy(os.Stdout, response.Body); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		response.Body.Close()
	}
}
