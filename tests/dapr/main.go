// Dapr as the tests run it: the sidecar, placement, the scheduler and sentry in one program, which is linked once.
//
// usage: dapr daprd|placement|scheduler|sentry OPTIONS
package main

import (
	"fmt"
	"os"

	placement "github.com/dapr/dapr/cmd/placement/app"
	scheduler "github.com/dapr/dapr/cmd/scheduler/app"
	sentry "github.com/dapr/dapr/cmd/sentry/app"
)

var services = map[string]func(){
	"daprd":     sidecar,
	"placement": placement.Run,
	"scheduler": scheduler.Run,
	"sentry":    sentry.Run,
}

func main() {
	if len(os.Args) > 1 {
		if run, ok := services[os.Args[1]]; ok {
			// Each service reads its options from what follows the name of the program.
			os.Args = os.Args[1:]
			run()
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: dapr daprd|placement|scheduler|sentry OPTIONS")
	os.Exit(2)
}
