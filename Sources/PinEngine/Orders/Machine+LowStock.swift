import LMDB
import PinStore
import PinWords

/// Low stock: the event that takes a product's regular stock below its threshold causes one mail; the next is caused only
/// after the stock rose above the threshold. It is a part of applying, so that it is as durable as what was applied.
///
/// A new product counts as low without a mail: its stock has not fallen yet.
extension Machine {
  func hasCrossed(_ product: ProductID) -> Bool {
    let index = Int(product.rawValue) - 1
    let threshold = UInt64(products[index].lowStockThreshold)
    let regular = levels[index].regular
    return isLow[index] ? regular > threshold : regular < threshold
  }

  /// At the end of an event: what crossed its threshold and is beyond it still.
  mutating func noteCrossings(
    sequence: UInt64, timeMilliseconds: UInt64, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    for product in crossings where hasCrossed(product) {
      let index = Int(product.rawValue) - 1
      isLow[index].toggle()
      changedLevels.mark(product.rawValue)
      if isLow[index] {
        try putMail(WaitingMail(cause: sequence, product: product, dueMilliseconds: timeMilliseconds), &state)
      }
    }
    crossings.removeAll(keepingCapacity: true)
  }
}
