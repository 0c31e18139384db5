// Package export_cloakroom_plugin_codec is a codec that packs arrays of numbers. The bindings fix its name.
package export_cloakroom_plugin_codec

import (
	"fmt"

	"example.com/vector-codec/bindings/cloakroom_plugin_buffers"
	"example.com/vector-codec/bindings/cloakroom_plugin_codec"
	"example.com/vector-codec/bindings/cloakroom_plugin_settings"
	"example.com/vector-codec/bindings/cloakroom_plugin_types"
	"example.com/vector-codec/vectors"
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
const encoding = "binary/packed-vectors"

// largest is the size of an envelope that is packed. It is in memory twice, of which an instance has 64 MiB.
const largest = 8 << 20

// pieceSize is how much of a buffer is read at once.
const pieceSize = 1 << 16

// Describe says what the codec is. It has no settings.
func Describe() Result[Description, Error] {
	for _, name := range cloakroom_plugin_settings.Names() {
		text := fmt.Sprintf("there is no setting `%s`; this codec has none", name)
		return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(text))
	}
	purpose := cloakroom_plugin_codec.PurposeCompression
	return Ok[Description, Error](Description{Encodings: []string{encoding}, Purpose: purpose})
}

// Encode offers a payload. Handles that are not dropped stay until Go's collector runs, and those of
// parameters end the call with an error.
func Encode(ctx *Context, payload *Payload) Result[Option[*Payload], Error] {
	defer ctx.Drop()
	defer payload.Drop()
	none := Ok[Option[*Payload], Error](None[*Payload]())
	envelope := payload.Envelope()
	defer envelope.Drop()
	// A payload that has this encoding already, from whomever, is encoded again, or decoding would unpack it.
	isOurs := string(payload.Get("encoding").SomeOr(nil)) == encoding
	if envelope.Length() > largest {
		if isOurs {
			return Err[Option[*Payload]](tooLarge())
		}
		return none
	}
	packed, hasArray := vectors.Pack(read(envelope))
	if !hasArray && !isOurs {
		return none
	}
	body := cloakroom_plugin_buffers.MakeBuffer(packed)
	defer body.Drop()
	metadata := []Tuple2[string, []byte]{{F0: "encoding", F1: []byte(encoding)}}
	return Ok[Option[*Payload], Error](Some(cloakroom_plugin_types.MakePayload(metadata, body)))
}

// Decode gives back what was offered to Encode.
func Decode(ctx *Context, payload *Payload) Result[*Payload, Error] {
	defer ctx.Drop()
	defer payload.Drop()
	data := payload.Data()
	defer data.Drop()
	// Packing adds some bytes where it finds nothing to pack.
	if data.Length() > largest+pieceSize {
		return Err[*Payload](tooLarge())
	}
	writer := cloakroom_plugin_buffers.MakeWriter()
	err := vectors.Unpack(read(data), largest, func(piece []byte) { writer.Write(piece) })
	if err != nil {
		writer.Drop()
		return Err[*Payload](cloakroom_plugin_types.MakeErrorMalformed(err.Error()))
	}
	envelope := cloakroom_plugin_buffers.WriterFinish(writer)
	defer envelope.Drop()
	return cloakroom_plugin_types.PayloadFromEnvelope(envelope)
}

func tooLarge() Error {
	return cloakroom_plugin_types.MakeErrorTooLarge("a packed payload of more than 8 MiB")
}

// read copies a buffer into memory.
func read(buffer *Buffer) []byte {
	length := buffer.Length()
	whole := make([]byte, 0, length)
	for offset := uint64(0); offset < length; offset += pieceSize {
		whole = append(whole, buffer.Read(offset, pieceSize)...)
		// The bindings hold what the host wrote until this call.
		witRuntime.Unpin()
	}
	return whole
}
