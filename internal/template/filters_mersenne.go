package template

import (
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"math"
	"math/big"
	"slices"

	"kops/internal/value"
)

// A chooser draws numbers below n, as Python's random.Random does.
type chooser interface {
	below(n *big.Int) (*big.Int, error)
}

// pick draws an index.
func pick(c chooser, n int) (int, error) {
	i, err := c.below(big.NewInt(int64(n)))
	if err != nil {
		return 0, err
	}
	return int(i.Int64()), nil
}

// A system draws from the operating system.
type system struct{}

func (system) below(n *big.Int) (*big.Int, error) { return rand.Int(rand.Reader, n) }

const (
	mersenneSize  = 624
	mersenneShift = 397
)

// A mersenne is CPython's Mersenne Twister, so that the same seed gives the same salt,
// order and choice as under Ansible.
type mersenne struct {
	state [mersenneSize]uint32
	index int
}

// newMersenne is random.Random(seed).
func newMersenne(seed value.Value) (*mersenne, error) {
	var n *big.Int
	switch v := seed.(type) {
	case string:
		n = textSeed([]byte(v))
	case value.Bytes:
		n = textSeed(v)
	case bool:
		n = new(big.Int)
		if v {
			n.SetInt64(1)
		}
	case int64:
		n = big.NewInt(v)
	case *big.Int:
		n = v
	case float64:
		n = new(big.Int).SetUint64(uint64(hashFloat(v)))
	default:
		return nil, fmt.Errorf("the only supported seed types are: None, int, float, str, bytes, and bytearray")
	}
	var key []uint32
	words := new(big.Int).Abs(n)
	mask := big.NewInt(math.MaxUint32)
	for words.Sign() > 0 {
		key = append(key, uint32(new(big.Int).And(words, mask).Uint64()))
		words.Rsh(words, 32)
	}
	if len(key) == 0 {
		key = []uint32{0}
	}
	m := &mersenne{}
	m.seedArray(key)
	return m, nil
}

func textSeed(text []byte) *big.Int {
	sum := sha512.Sum512(text)
	return new(big.Int).SetBytes(append(slices.Clone(text), sum[:]...))
}

// hashFloat is Python's hash of a float, modulo 2**61 - 1.
func hashFloat(f float64) int64 {
	const bits, modulus = 61, 1<<61 - 1
	switch {
	case math.IsInf(f, 1):
		return 314159
	case math.IsInf(f, -1):
		return -314159
	case math.IsNaN(f):
		return 0
	}
	fraction, exp := math.Frexp(math.Abs(f))
	var x uint64
	for fraction != 0 {
		x = x<<28&modulus | x>>(bits-28)
		fraction *= 1 << 28
		exp -= 28
		digit := uint64(fraction)
		fraction -= float64(digit)
		x += digit
		if x >= modulus {
			x -= modulus
		}
	}
	if exp >= 0 {
		exp %= bits
	} else {
		exp = bits - 1 - (-1-exp)%bits
	}
	h := int64(x<<exp&modulus | x>>(bits-exp))
	if f < 0 {
		h = -h
	}
	if h == -1 {
		h = -2
	}
	return h
}

func (m *mersenne) seedArray(key []uint32) {
	s := &m.state
	s[0] = 19650218
	for i := 1; i < mersenneSize; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + uint32(i)
	}
	i, j := 1, 0
	next := func() {
		i++
		if i >= mersenneSize {
			s[0] = s[mersenneSize-1]
			i = 1
		}
	}
	for range max(mersenneSize, len(key)) {
		s[i] = s[i] ^ (s[i-1]^s[i-1]>>30)*1664525
		s[i] += key[j] + uint32(j)
		next()
		j = (j + 1) % len(key)
	}
	for range mersenneSize - 1 {
		s[i] = s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941
		s[i] -= uint32(i)
		next()
	}
	s[0] = 0x80000000
	m.index = mersenneSize
}

func (m *mersenne) word() uint32 {
	if m.index >= mersenneSize {
		s := &m.state
		for i := range s {
			y := s[i]&0x80000000 | s[(i+1)%mersenneSize]&0x7fffffff
			s[i] = s[(i+mersenneShift)%mersenneSize] ^ y>>1 ^ y&1*0x9908b0df
		}
		m.index = 0
	}
	y := m.state[m.index]
	m.index++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// bits is getrandbits: words from the lowest up, the last one cut.
func (m *mersenne) bits(k int) *big.Int {
	n := new(big.Int)
	for shift := 0; shift < k; shift += 32 {
		w := m.word()
		if k-shift < 32 {
			w >>= 32 - (k - shift)
		}
		n.Or(n, new(big.Int).Lsh(big.NewInt(int64(w)), uint(shift)))
	}
	return n
}

func (m *mersenne) below(n *big.Int) (*big.Int, error) {
	for {
		if r := m.bits(n.BitLen()); r.Cmp(n) < 0 {
			return r, nil
		}
	}
}
