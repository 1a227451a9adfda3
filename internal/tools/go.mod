module github.com/fairlead-go/fairlead/internal/tools

go 1.26
