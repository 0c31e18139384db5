// DataDog's service for large payloads, with its store in memory, at a port of this machine.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/DataDog/temporal-large-payload-codec/server"
	"github.com/DataDog/temporal-large-payload-codec/server/handler/v1"
	"github.com/DataDog/temporal-large-payload-codec/server/logging"
	"github.com/DataDog/temporal-large-payload-codec/server/storage/memory"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("expected an address, such as 127.0.0.1:8577")
	}
	store := &memory.Driver{}
	both := http.NewServeMux()
	both.Handle("/v1/", v1.NewHandler(store, logging.NewNoopLogger()))
	both.Handle("/v2/", server.NewHttpHandler(store))
	log.Fatal(http.ListenAndServe(os.Args[1], both))
}
