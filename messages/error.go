package messages

import (
	"errors"
	"strconv"
)

// Codes that fairlead itself answers with. Applications choose their own for
// the rest.
const (
	CodeBadRequest  = 400 // the body does not fit the route
	CodeConflict    = 409 // the user is logged in elsewhere, or the client is another user
	CodeGone        = 410 // the client is leaving
	CodeInternal    = 500 // the handler failed, or nobody answers this route
	CodeUnavailable = 502 // the node that answers this route is gone, or cut off
	CodeBusy        = 503 // the route has too much to do
	CodeTimeout     = 504 // the request expired unanswered
)

// NewError makes the error that a client sees as {"code":code,"msg":msg}.
func NewError(code int32, msg string) *Error { return &Error{Code: code, Msg: msg} }

// Error makes an *Error an error.
func (e *Error) Error() string {
	if e.Msg == "" {
		return "code " + strconv.Itoa(int(e.Code))
	}
	return "code " + strconv.Itoa(int(e.Code)) + ": " + e.Msg
}

// AsError is what a client may see of err: the *Error in its chain, or code 500.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal}
}
