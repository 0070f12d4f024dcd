// Package core verifies tokens of Hex (hex.tech, the data workspace) and speaks to its public API.
//
// [ParseToken] cleans and judges what a user pasted, [ParseHost] normalises the Hex host, [NewClient] sends the one to
// the other, and to nowhere else. [TokenChecks] turns what Hex answers into results for people; [check.Run] carries out these
// and any other [check.Check].
//
// The package knows no terminal, no flags and no GitHub: it returns values and errors, prints nothing and reads no
// environment, apart from the proxy settings that net/http obeys.
package core
