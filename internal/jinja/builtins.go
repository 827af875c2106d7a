package jinja

// deep is a built-in function whose arguments are resolved all the way down.
func deep(fn Func) function { return function{fn: fn, builtin: true} }

// shallow is a built-in function that does not look inside its arguments.
func shallow(fn Func) function { return function{fn: fn, builtin: true, shallow: true} }

// lazy is a built-in function that takes undefined and unknown arguments.
func lazy(fn Func) function { return function{fn: fn, builtin: true, shallow: true, lazy: true} }

// builtinFilters are Jinja2's.
func builtinFilters() map[string]function {
	return map[string]function{
		"abs":            deep(filterAbs),
		"attr":           shallow(filterAttr),
		"batch":          deep(filterBatch),
		"capitalize":     deep(textFilter(capitalize)),
		"center":         deep(filterCenter),
		"count":          shallow(filterLength),
		"d":              lazy(filterDefault),
		"default":        lazy(filterDefault),
		"dictsort":       deep(filterDictsort),
		"e":              deep(textFilter(escapeHTML)),
		"escape":         deep(textFilter(escapeHTML)),
		"filesizeformat": deep(filterFilesizeformat),
		"first":          shallow(filterFirst),
		"float":          deep(filterFloat),
		"forceescape":    deep(textFilter(escapeHTML)),
		"format":         deep(filterFormat),
		"groupby":        deep(filterGroupby),
		"indent":         deep(filterIndent),
		"int":            deep(filterInt),
		"items":          shallow(filterItems),
		"join":           deep(filterJoin),
		"last":           shallow(filterLast),
		"length":         shallow(filterLength),
		"list":           shallow(filterList),
		"lower":          deep(textFilter(lower)),
		"map":            deep(filterMap),
		"max":            deep(filterMax),
		"min":            deep(filterMin),
		"pprint":         deep(filterPprint),
		"random":         shallow(filterRandom),
		"reject":         deep(selector(false, false)),
		"rejectattr":     deep(selector(true, false)),
		"replace":        deep(filterReplace),
		"reverse":        shallow(filterReverse),
		"round":          deep(filterRound),
		"safe":           deep(textFilter(func(s string) string { return s })),
		"select":         deep(selector(false, true)),
		"selectattr":     deep(selector(true, true)),
		"slice":          deep(filterSlice),
		"sort":           deep(filterSort),
		"string":         deep(textFilter(func(s string) string { return s })),
		"striptags":      deep(textFilter(stripTags)),
		"sum":            deep(filterSum),
		"title":          deep(textFilter(titleWords)),
		"tojson":         deep(filterTojson),
		"trim":           deep(filterTrim),
		"truncate":       deep(filterTruncate),
		"unique":         deep(filterUnique),
		"upper":          deep(textFilter(upper)),
		"urlencode":      deep(filterUrlencode),
		"urlize":         deep(filterUrlize),
		"wordcount":      deep(filterWordcount),
		"wordwrap":       deep(filterWordwrap),
		"xmlattr":        deep(filterXmlattr),
	}
}

// builtinTests are Jinja2's.
func builtinTests() map[string]function {
	tests := map[string]function{
		"boolean":     shallow(typeTest("boolean")),
		"callable":    shallow(typeTest("callable")),
		"defined":     lazy(testDefined),
		"divisibleby": deep(testDivisible),
		"escaped":     shallow(typeTest("escaped")),
		"even":        deep(testEven),
		"false":       shallow(typeTest("false")),
		"filter":      deep(testFilter),
		"float":       shallow(typeTest("float")),
		"in":          deep(testIn),
		"integer":     shallow(typeTest("integer")),
		"iterable":    shallow(typeTest("iterable")),
		"lower":       deep(testLower),
		"mapping":     shallow(typeTest("mapping")),
		"none":        shallow(typeTest("none")),
		"number":      shallow(typeTest("number")),
		"odd":         deep(testOdd),
		"sameas":      shallow(testSameas),
		"sequence":    shallow(typeTest("sequence")),
		"string":      shallow(typeTest("string")),
		"test":        deep(testTest),
		"true":        shallow(typeTest("true")),
		"undefined":   lazy(testUndefined),
		"upper":       deep(testUpper),
	}
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"}, "!=": {"!=", "ne"}, ">": {">", "gt", "greaterthan"},
		">=": {">=", "ge"}, "<": {"<", "lt", "lessthan"}, "<=": {"<=", "le"},
	} {
		for _, name := range names {
			tests[name] = deep(orderTest(op))
		}
	}
	return tests
}

// builtinGlobals are Jinja2's, without lipsum.
func builtinGlobals() map[string]function {
	return map[string]function{
		"range":     deep(globalRange),
		"dict":      shallow(globalDict),
		"namespace": shallow(globalNamespace),
		"cycler":    shallow(globalCycler),
		"joiner":    shallow(globalJoiner),
	}
}
