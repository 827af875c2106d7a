package jinja

import "kops/internal/value"

// An expr is a compiled expression.
type expr interface {
	eval(f *frame) (value.Value, error)
	offset() int // in the source
}

// A stmt is a compiled statement. It writes to the frame's output.
type stmt interface {
	exec(f *frame) error
}

// at is the offset of a node in the source.
type at int

func (a at) offset() int { return int(a) }

type (
	constExpr struct {
		at
		val value.Value
	}
	nameExpr struct {
		at
		name string
	}
	listExpr struct {
		at
		items []expr
	}
	tupleExpr struct {
		at
		items []expr
	}
	dictExpr struct {
		at
		keys, vals []expr
	}
	arithExpr struct {
		at
		op   value.Op
		l, r expr
	}
	signExpr struct {
		at
		minus bool
		x     expr
	}
	andExpr struct {
		at
		l, r expr
	}
	orExpr struct {
		at
		l, r expr
	}
	notExpr struct {
		at
		x expr
	}
	compareExpr struct {
		at
		first expr
		ops   []comparison
	}
	comparison struct {
		op string // == != < <= > >= in, "not in"
		x  expr
	}
	concatExpr struct {
		at
		parts []expr
	}
	condExpr struct {
		at
		test, then, els expr // els may be nil
	}
	attrExpr struct {
		at
		obj  expr
		name string
	}
	itemExpr struct {
		at
		obj, key expr
	}
	sliceExpr struct { // only the key of an itemExpr
		at
		start, stop, step expr // each may be nil
	}
	callExpr struct {
		at
		fn   expr
		args arguments
	}
	filterExpr struct {
		at
		target expr // nil for what a filter or set block captured
		name   string
		fn     function
		args   arguments
	}
	testExpr struct {
		at
		target expr
		name   string
		fn     function
		args   arguments
	}
	arguments struct {
		pos      []expr
		names    []string
		vals     []expr
		star     expr // *args, may be nil
		starstar expr // **kwargs, may be nil
	}
)

type (
	textStmt   struct{ text string }
	outputStmt struct{ x expr }
	ifStmt     struct {
		tests  []expr
		bodies [][]stmt
		els    []stmt
	}
	forStmt struct {
		at
		target    target
		iter      expr
		test      expr // may be nil
		recursive bool
		usesLoop  bool
		body, els []stmt
	}
	setStmt struct {
		target target
		x      expr
	}
	setBlockStmt struct {
		target  target
		filters []*filterExpr
		body    []stmt
	}
	withStmt struct {
		targets []target
		vals    []expr
		body    []stmt
	}
	macroStmt struct {
		at
		name   string
		params []param
		body   []stmt
		// what the body refers to of the names that a call provides
		usesVarargs, usesKwargs, usesCaller bool
	}
	param struct {
		name string
		def  expr // nil without a default
	}
	callStmt struct {
		at
		call   *callExpr
		caller *macroStmt
	}
	filterStmt struct {
		filters []*filterExpr
		body    []stmt
	}
	includeStmt struct {
		at
		name          expr
		ignoreMissing bool
		withContext   bool
	}
	importStmt struct {
		at
		name        expr
		alias       string
		withContext bool
	}
	fromStmt struct {
		at
		name        expr
		names       []string
		aliases     []string
		withContext bool
	}
	extendsStmt struct {
		at
		name expr
	}
	blockStmt struct {
		at
		name             string
		body             []stmt
		scoped, required bool
	}
	doStmt       struct{ x expr }
	breakStmt    struct{}
	continueStmt struct{}
	scopeStmt    struct{ body []stmt }
)

// A target is what an assignment assigns to: a name, an attribute of a namespace, or a
// tuple of targets.
type target struct {
	at
	name  string
	attr  string
	items []target // of a tuple
	tuple bool
}
