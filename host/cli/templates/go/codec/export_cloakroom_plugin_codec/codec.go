// Package export_cloakroom_plugin_codec is a codec that writes payloads backwards. The bindings fix its
// name.
package export_cloakroom_plugin_codec

import (
	"fmt"
	"strconv"

	"example.com/{{name}}/bindings/cloakroom_plugin_buffers"
	"example.com/{{name}}/bindings/cloakroom_plugin_codec"
	"example.com/{{name}}/bindings/cloakroom_plugin_settings"
	"example.com/{{name}}/bindings/cloakroom_plugin_types"
	"example.com/{{name}}/reverse"
	witRuntime "go.bytecodealliance.org/pkg/wit/runtime"
	. "go.bytecodealliance.org/pkg/wit/types"
)

type (
	Buffer      = cloakroom_plugin_buffers.Buffer
	Context     = cloakroom_plugin_types.Context
	Description = cloakroom_plugin_codec.Description
	Error       = cloakroom_plugin_types.Error
	Payload     = cloakroom_plugin_types.Payload
)

// It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
const encoding = "binary/{{name}}"

// Describe says what the codec is, and refuses settings that cannot work.
func Describe() Result[Description, Error] {
	for _, name := range cloakroom_plugin_settings.Names() {
		if name != "least" {
			text := fmt.Sprintf("there is no setting `%s`; there is `least`", name)
			return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(text))
		}
	}
	if _, err := least(); err != nil {
		return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(err.Error()))
	}
	purpose := cloakroom_plugin_codec.PurposeConversion
	return Ok[Description, Error](Description{Encodings: []string{encoding}, Purpose: purpose})
}

// Encode offers a payload. Handles that are not dropped stay until Go's collector runs, and those of
// parameters end the call with an error.
func Encode(ctx *Context, payload *Payload) Result[Option[*Payload], Error] {
	defer ctx.Drop()
	defer payload.Drop()
	smallest, err := least()
	if err != nil {
		return Err[Option[*Payload]](cloakroom_plugin_types.MakeErrorMisconfigured(err.Error()))
	}
	envelope := payload.Envelope()
	defer envelope.Drop()
	if envelope.Length() < smallest {
		// None leaves a payload as it is.
		return Ok[Option[*Payload], Error](None[*Payload]())
	}
	body := reversed(envelope)
	defer body.Drop()
	metadata := []Tuple2[string, []byte]{{F0: "encoding", F1: []byte(encoding)}}
	encoded := cloakroom_plugin_types.MakePayload(metadata, body)
	return Ok[Option[*Payload], Error](Some(encoded))
}

// Decode gives back what was offered to Encode.
func Decode(ctx *Context, payload *Payload) Result[*Payload, Error] {
	defer ctx.Drop()
	defer payload.Drop()
	data := payload.Data()
	defer data.Drop()
	envelope := reversed(data)
	defer envelope.Drop()
	return cloakroom_plugin_types.PayloadFromEnvelope(envelope)
}

// least returns the smallest envelope that is encoded.
func least() (uint64, error) {
	number, err := strconv.ParseUint(cloakroom_plugin_settings.Get("least").SomeOr("0"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("setting `least` is not a whole number")
	}
	return number, nil
}

// reversed reverses in pieces, so that memory stays small whatever the payload's size.
func reversed(buffer *Buffer) *Buffer {
	writer := cloakroom_plugin_buffers.MakeWriter()
	reverse.Pieces(buffer.Length(), func(offset uint64, size uint32) {
		piece := buffer.Read(offset, size)
		reverse.Reverse(piece)
		writer.Write(piece)
		// The bindings hold what the host wrote until this call.
		witRuntime.Unpin()
	})
	return cloakroom_plugin_buffers.WriterFinish(writer)
}
