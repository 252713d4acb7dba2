package tykmetrics_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// authority signs certificates of tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string // its certificate's file
}

// wrote puts PEM into a file of the test.
func wrote(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func good[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := good[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := good[[]byte](t)(x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key))
	return &authority{good[*x509.Certificate](t)(x509.ParseCertificate(der)), key, wrote(t, "ca.crt", "CERTIFICATE", der)}
}

// signed are the files of a certificate for 127.0.0.1 and of its key.
func (a *authority) signed(t *testing.T, until time.Time) (cert, key string) {
	t.Helper()
	private := good[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	of := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "one"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der := good[[]byte](t)(x509.CreateCertificate(rand.Reader, of, a.cert, &private.PublicKey, a.key))
	pkcs8 := good[[]byte](t)(x509.MarshalPKCS8PrivateKey(private))
	return wrote(t, "one.crt", "CERTIFICATE", der), wrote(t, "one.key", "PRIVATE KEY", pkcs8)
}

// client trusts the authority, and shows these certificates.
func (a *authority) client(certs ...tls.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certs}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}
}

func TestTLSIsServedToWhoTrustsTheAuthority(t *testing.T) {
	ours := newAuthority(t)
	cert, key := ours.signed(t, time.Now().Add(time.Hour))
	server := started(t, tykmetrics.ServerConfig{
		Registry: counted(), TLS: tykmetrics.ServerTLS{Cert: cert, Key: key, Required: tykmetrics.Ptr(true)},
	})
	if !strings.HasPrefix(server.URL(), "https://127.0.0.1:") {
		t.Fatal(server.URL())
	}
	response, text := fetched(t, ours.client(), request(t, server.URL()+"/metrics"))
	contains(t, text, `served_total{to="all"} 3`)
	if response.ProtoMajor != 2 || response.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%s over TLS version %x", response.Proto, response.TLS.Version)
	}
	if _, err := newAuthority(t).client().Get(server.URL() + "/metrics"); err == nil {
		t.Error("another authority's client trusts it")
	}
	if response, err := http.Get("http" + strings.TrimPrefix(server.URL(), "https") + "/metrics"); err == nil {
		_ = response.Body.Close()
		if response.StatusCode == 200 {
			t.Error("it is served in the clear")
		}
	}
}

func TestMutualTLSLetsNobodyElseIn(t *testing.T) {
	ours := newAuthority(t)
	cert, key := ours.signed(t, time.Now().Add(time.Hour))
	server := started(t, tykmetrics.ServerConfig{
		Registry: counted(), TLS: tykmetrics.ServerTLS{Cert: cert, Key: key, ClientCA: ours.pem},
	})
	known := good[tls.Certificate](t)(tls.LoadX509KeyPair(ours.signed(t, time.Now().Add(time.Hour))))
	_, text := fetched(t, ours.client(known), request(t, server.URL()+"/metrics"))
	contains(t, text, `served_total{to="all"} 3`)
	strange := good[tls.Certificate](t)(tls.LoadX509KeyPair(newAuthority(t).signed(t, time.Now().Add(time.Hour))))
	for name, client := range map[string]*http.Client{"none": ours.client(), "another authority's": ours.client(strange)} {
		if response, err := client.Get(server.URL() + "/metrics"); err == nil {
			_ = response.Body.Close()
			t.Errorf("a client with the certificate of %s is let in", name)
		}
	}
}

func TestCertificatesThatCannotServeAreRefused(t *testing.T) {
	ours := newAuthority(t)
	cert, key := ours.signed(t, time.Now().Add(time.Hour))
	old, oldKey := ours.signed(t, time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		tls  tykmetrics.ServerTLS
		want tykmetrics.Code
	}{
		"expired":   {tykmetrics.ServerTLS{Cert: old, Key: oldKey}, tykmetrics.CertificateExpired},
		"mismatch":  {tykmetrics.ServerTLS{Cert: cert, Key: oldKey}, tykmetrics.KeyMismatch},
		"no cert":   {tykmetrics.ServerTLS{Cert: key, Key: key}, tykmetrics.InvalidCertificate},
		"client ca": {tykmetrics.ServerTLS{Cert: cert, Key: key, ClientCA: key}, tykmetrics.InvalidCertificate},
	} {
		server, err := tykmetrics.Serve(tykmetrics.ServerConfig{Registry: counted(), Listen: "127.0.0.1:0", TLS: c.tls})
		if server != nil {
			_ = server.Close()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACertificateThatIsRenewedIsServedWithoutARestart(t *testing.T) {
	ours := newAuthority(t)
	cert, key := ours.signed(t, time.Now().Add(time.Hour))
	server := started(t, tykmetrics.ServerConfig{
		Registry: counted(), Log: func(string) {}, TLS: tykmetrics.ServerTLS{Cert: cert, Key: key, Reload: time.Second},
	})
	serial := func() string {
		response, _ := fetched(t, ours.client(), request(t, server.URL()+"/healthz"))
		return response.TLS.PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	newCert, newKey := ours.signed(t, time.Now().Add(time.Hour))
	for from, to := range map[string]string{newCert: cert, newKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for tries := 0; serial() == before; tries++ {
		if tries == 100 {
			t.Fatal("the old certificate is served on")
		}
		time.Sleep(100 * time.Millisecond)
	}
}
