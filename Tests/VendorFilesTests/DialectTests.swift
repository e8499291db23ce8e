import Testing

@testable import VendorFiles

/// Texts that all say the same two cards.
@Suite struct DialectTests {
  static let twoCards: [(name: String, text: String)] = [
    ("commas", "serial,pin,expires\nA1,111,2030-01-31\nA2,222,\n"),
    ("semicolons", "serial;pin;expires\nA1;111;2030-01-31\nA2;222;\n"),
    ("tabs", "serial\tpin\texpires\nA1\t111\t2030-01-31\nA2\t222\t\n"),
    ("byte-order mark", "\u{FEFF}serial,pin,expires\nA1,111,2030-01-31\nA2,222,\n"),
    ("byte-order mark before a quote", "\u{FEFF}\"serial\",pin,expires\nA1,111,2030-01-31\nA2,222,\n"),
    ("CRLF", "serial,pin,expires\r\nA1,111,2030-01-31\r\nA2,222,\r\n"),
    ("CR", "serial,pin,expires\rA1,111,2030-01-31\rA2,222,\r"),
    ("mixed line ends", "serial,pin,expires\r\nA1,111,2030-01-31\rA2,222,\n"),
    ("no last line end", "serial,pin,expires\nA1,111,2030-01-31\nA2,222,"),
    ("no last line end, quoted", "expires,serial,pin\n2030-01-31,A1,111\n,A2,\"222\""),
    ("other order and case", "PIN,Expires,SERIAL\n111,2030-01-31,A1\n222,,A2\n"),
    ("everything quoted", "\"serial\",\"pin\",\"expires\"\n\"A1\",\"111\",\"2030-01-31\"\n\"A2\",\"222\",\"\"\n"),
    ("spaces around fields", " serial , pin , expires \n A1 , 111 , 2030-01-31 \n A2 ,222  ,  \n"),
    ("spaces around quotes", "serial, \"pin\" ,expires\nA1, \"111\" , \"2030-01-31\" \nA2,222,\n"),
    ("spaces inside the header's quotes", "\" serial \",pin,expires\nA1,111,2030-01-31\nA2,222,\n"),
    ("other delimiters in a quoted name", "\"a;b;c;d\",serial,pin,expires\nx,A1,111,2030-01-31\nx,A2,222,\n"),
    ("commas in the names of a tabbed file", "serial\ta,b,c,d\tpin\texpires\nA1\tx\t111\t2030-01-31\nA2\tx\t222\t\n"),
    ("other columns twice", "x,serial,x,pin,,expires\n1,A1,2,111,3,2030-01-31\n1,A2,2,222,3,\n"),
  ]

  @Test(arguments: twoCards)
  func sameCardsInEveryDialect(_ dialect: (name: String, text: String)) {
    let reading = readAll(dialect.text.utf8)
    #expect(reading.error == nil)
    #expect(
      reading.rows == [
        .card(line: 2, serial: "A1", pin: "111", expires: "2030-01-31"),
        .card(line: 3, serial: "A2", pin: "222", expires: nil),
      ])
  }

  static let onePIN: [(text: String, pin: String)] = [
    ("A,1-2-3", "1-2-3"),
    ("A,1 2 3", "1 2 3"),
    ("A,\" 123 \"", " 123 "),
    ("A,\"1,2\"", "1,2"),
    ("A,\"1\"\"2\"", "1\"2"),
    ("A,\"\"\"\"", "\""),
    ("A,\"\"\"1\"\"\"", "\"1\""),
    ("A,é漢🂡", "é漢🂡"),
    ("A,=1+1", "=1+1"),
    ("A,007", "007"),
    ("A,'1", "'1"),
  ]

  @Test(arguments: onePIN)
  func aPINIsKeptAsItIs(_ row: (text: String, pin: String)) {
    let reading = readAll("serial,pin\n\(row.text)\n".utf8)
    #expect(reading.rows == [.card(line: 2, serial: "A", pin: row.pin, expires: nil)])
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func aRowsLineIsWhereItStarts(_ end: String) {
    let lines = [
      "", "serial,pin,note", "A,1,\"two", "lines\"", "", "   ", "B,2,\"\"", "C", "D,4,\"a", "", "b\"", "E,5,",
    ]
    #expect(
      readAll(lines.joined(separator: end).utf8).rows == [
        .card(line: 3, serial: "A", pin: "1", expires: nil),
        .card(line: 7, serial: "B", pin: "2", expires: nil),
        .refused(line: 8, reason: "too-few-columns"),
        .card(line: 9, serial: "D", pin: "4", expires: nil),
        .card(line: 12, serial: "E", pin: "5", expires: nil),
      ])
  }

  @Test func ignoredColumnsAreNamedAsTheyStandAndHarmlessly() {
    let reading = readAll("Note,serial,\"a \"\"b\"\"\",pin,,\"bell\u{7}\"\n1,A,2,1,3,4\n".utf8)
    #expect(reading.ignoredColumns == ["Note", "a \"b\"", "column 5", "bell?"])
  }
}
