// Tells which payloads the visitor of go.temporal.io/api/proxy finds: tests/it/wire_visitor.rs compares
// them with those of the gateway.
//
// It reads messages, one on each line, as `FULL_NAME BASE64`, and writes a line for each: the number of
// payloads that were visited, of those that hold what the first line of input says.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func main() {
	input, output := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	data := readLine(input)
	for line := readLine(input); line != ""; line = readLine(input) {
		name, message, _ := strings.Cut(line, " ")
		visited, err := visit(name, message, data)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(2)
		}
		fmt.Fprintln(output, visited)
	}
	if err := output.Flush(); err != nil {
		os.Exit(2)
	}
}

// Returns the next line, which is empty after the last one.
func readLine(input *bufio.Reader) string {
	line, err := input.ReadString('\n')
	if err != nil && err != io.EOF {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return strings.TrimSpace(line)
}

func visit(name, message, data string) (int, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return 0, err
	}
	bytes, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		return 0, err
	}
	root := kind.New().Interface()
	if err := proto.Unmarshal(bytes, root); err != nil {
		return 0, err
	}
	visited := 0
	err = proxy.VisitPayloads(context.Background(), root, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*common.Payload) ([]*common.Payload, error) {
			for _, payload := range payloads {
				if string(payload.Data) == data {
					visited++
				}
			}
			return payloads, nil
		},
	})
	return visited, err
}
