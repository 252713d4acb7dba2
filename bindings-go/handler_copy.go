package tykmetrics

import (
	"io"
	"net/http"
)

// pieceBytes is how much of C's memory is copied at once: as much as io.Copy.
const pieceBytes = 32 << 10

// send writes the body, which lies in memory of C that is used again as soon as this returns. HTTP/1 is done with what it
// was given when Write returns. HTTP/2 is not if the stream ends meanwhile: Write returns an error and the frame is still
// being read. So it gets copies, in memory that the garbage collector frees; a piece that was written is read no more.
func send(w http.ResponseWriter, request *http.Request, body []byte) error {
	if request.ProtoMajor < 2 {
		_, err := w.Write(body)
		return err
	}
	piece := make([]byte, min(len(body), pieceBytes))
	for len(body) > 0 {
		n := copy(piece, body)
		if written, err := w.Write(piece[:n]); err != nil {
			return err
		} else if written < n {
			return io.ErrShortWrite
		}
		body = body[n:]
	}
	return nil
}
